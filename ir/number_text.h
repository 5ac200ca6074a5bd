/* number_text.h - numbers as people read them: 54000000 and not 5.4e+07. */
#ifndef IR_NUMBER_TEXT_H
#define IR_NUMBER_TEXT_H

#include "ir/arena.h"

enum { NUMBER_TEXT = 32 };

/* With `digits` (1 to 17) significant digits, all that stand before the point; an exponent only below 1e-4 and from 1e15 on. No
 * zeros at the end. Returns `text`. */
char *number_text(char text[NUMBER_TEXT], double value, int digits);
const char *number_text_in(arena *a, double value, int digits); /* the same in the arena */

#endif
