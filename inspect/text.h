/* text.h - an inspection for people: the document (README.md) as lines of text. */
#ifndef INSPECT_TEXT_H
#define INSPECT_TEXT_H

#include "inspect/value.h"

const char *text_of_document(arena *a, const json_t *document);

#endif
