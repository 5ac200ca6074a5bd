/* pieces_ready.c - the pieces as machine code for one level of processor (ready.h). READY_LEVEL is its name; compiled once for
 * each, with names of their own. */
#include "backends/native/ready.h"

#define PASTE(name, level) name##_##level
#define LEVEL_NAME(name, level) PASTE(name, level)
#define READY_NAME(name) LEVEL_NAME(name, READY_LEVEL)

#include "backends/native/piece_renames.h" /* made when the compiler is built: of all pieces */

#include "backends/native/pieces.c"
#include "backends/native/pieces_dense.c"

#define READY(name) {#name, (ready_code)name},

const ready_piece READY_NAME(ready_pieces)[] = {
#include "backends/native/piece_list.h"
    {0, 0},
};
