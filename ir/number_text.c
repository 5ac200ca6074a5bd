/* number_text.c - see number_text.h. */
#include "ir/number_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double most_plain = 1e15;

char *number_text(char text[NUMBER_TEXT], double value, int digits)
{
    snprintf(text, NUMBER_TEXT, "%.*g", digits, value);
    if (strchr(text, 'e') && fabs(value) >= 1 && fabs(value) < most_plain)
        snprintf(text, NUMBER_TEXT, "%.0f", value);
    return text;
}

const char *number_text_in(arena *a, double value, int digits)
{
    char text[NUMBER_TEXT];
    return arena_format(a, "%s", number_text(text, value, digits));
}
