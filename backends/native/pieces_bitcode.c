/* pieces_bitcode.c - the bitcode of pieces.c as bytes of the compiler. */
__asm__(".section .rodata\n"
        ".balign 16\n"
        ".globl native_pieces_begin\n"
        "native_pieces_begin:\n"
        ".incbin \"" NATIVE_PIECES_FILE "\"\n"
        ".globl native_pieces_end\n"
        "native_pieces_end:\n"
        ".byte 0\n"
        ".previous\n");
