/* ready.h - pieces as machine code, made when the compiler is built.
 *
 * A program that runs in this process need not have its pieces compiled again: it calls them here, and LLVM is left with what
 * the model alone tells. They give the same bits as pieces inlined into a program (kernels/vector.h), and where shapes matter to
 * them they are there for each: groups of up to READY_MEMBERS_MAX members.
 */
#ifndef BACKENDS_NATIVE_READY_H
#define BACKENDS_NATIVE_READY_H

enum { READY_MEMBERS_MAX = 10 };

typedef void (*ready_code)(void); /* to be called as what it is */

typedef struct ready_piece {
    const char *name; /* NULL ends a table */
    ready_code code;
} ready_piece;

/* All pieces, for the best level whose instructions are among LLVM's features, "+a,-b,+c", of a processor of this architecture.
 */
const ready_piece *ready_pieces(const char *features);

#endif
