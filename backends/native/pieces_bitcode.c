/* pieces_bitcode.c - the bitcode of pieces.c, and of the prototypes in it, as bytes of the compiler. */
#define BYTES(name, file)                                                                                                        \
    __asm__(".section .rodata\n"                                                                                                 \
            ".balign 16\n"                                                                                                       \
            ".globl " name "_begin\n" name "_begin:\n"                                                                           \
            ".incbin \"" file "\"\n"                                                                                             \
            ".globl " name "_end\n" name "_end:\n"                                                                               \
            ".byte 0\n"                                                                                                          \
            ".previous\n");

BYTES("native_pieces", NATIVE_PIECES_FILE)
BYTES("native_prototypes", NATIVE_PROTOTYPES_FILE)
