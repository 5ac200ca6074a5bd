/* cpu.c - processor features by CPUID (Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E) and, for
 * registers that the operating system must save, XCR0.
 *
 * On aarch64 the kernel reports them (AT_HWCAP).
 *
 * Own table rather than __builtin_cpu_supports, whose set of names differs between compilers.
 */
#include "runtime/cpu.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

enum { EAX, EBX, ECX, EDX };
/* What XCR0 must show: YMM state for AVX, ZMM and mask state for AVX-512, tiles for AMX. */
enum { NO_STATE = 0, YMM = 0x6, ZMM = 0xe6, TILES = 0x60000 };

typedef struct feature_row {
    const char *name;
    uint32_t leaf, subleaf;
    uint8_t word, bit;
    uint32_t state;
} feature_row;

static const feature_row features[] = {
    {"64bit", 0x80000001, 0, EDX, 29, NO_STATE},
    {"adx", 7, 0, EBX, 19, NO_STATE},
    {"aes", 1, 0, ECX, 25, NO_STATE},
    {"amx-bf16", 7, 0, EDX, 22, TILES},
    {"amx-complex", 7, 1, EDX, 8, TILES},
    {"amx-fp16", 7, 1, EAX, 21, TILES},
    {"amx-int8", 7, 0, EDX, 25, TILES},
    {"amx-tile", 7, 0, EDX, 24, TILES},
    {"avx", 1, 0, ECX, 28, YMM},
    {"avx2", 7, 0, EBX, 5, YMM},
    {"avx512bf16", 7, 1, EAX, 5, ZMM},
    {"avx512bitalg", 7, 0, ECX, 12, ZMM},
    {"avx512bw", 7, 0, EBX, 30, ZMM},
    {"avx512cd", 7, 0, EBX, 28, ZMM},
    {"avx512dq", 7, 0, EBX, 17, ZMM},
    {"avx512f", 7, 0, EBX, 16, ZMM},
    {"avx512fp16", 7, 0, EDX, 23, ZMM},
    {"avx512ifma", 7, 0, EBX, 21, ZMM},
    {"avx512vbmi", 7, 0, ECX, 1, ZMM},
    {"avx512vbmi2", 7, 0, ECX, 6, ZMM},
    {"avx512vl", 7, 0, EBX, 31, ZMM},
    {"avx512vnni", 7, 0, ECX, 11, ZMM},
    {"avx512vp2intersect", 7, 0, EDX, 8, ZMM},
    {"avx512vpopcntdq", 7, 0, ECX, 14, ZMM},
    {"avxifma", 7, 1, EAX, 23, YMM},
    {"avxneconvert", 7, 1, EDX, 5, YMM},
    {"avxvnni", 7, 1, EAX, 4, YMM},
    {"avxvnniint16", 7, 1, EDX, 10, YMM},
    {"avxvnniint8", 7, 1, EDX, 4, YMM},
    {"bmi", 7, 0, EBX, 3, NO_STATE},
    {"bmi2", 7, 0, EBX, 8, NO_STATE},
    {"cldemote", 7, 0, ECX, 25, NO_STATE},
    {"clflushopt", 7, 0, EBX, 23, NO_STATE},
    {"clwb", 7, 0, EBX, 24, NO_STATE},
    {"clzero", 0x80000008, 0, EBX, 0, NO_STATE},
    {"cmov", 1, 0, EDX, 15, NO_STATE},
    {"cmpccxadd", 7, 1, EAX, 7, NO_STATE},
    {"crc32", 1, 0, ECX, 20, NO_STATE},
    {"cx16", 1, 0, ECX, 13, NO_STATE},
    {"cx8", 1, 0, EDX, 8, NO_STATE},
    {"enqcmd", 7, 0, ECX, 29, NO_STATE},
    {"f16c", 1, 0, ECX, 29, YMM},
    {"fma", 1, 0, ECX, 12, YMM},
    {"fma4", 0x80000001, 0, ECX, 16, YMM},
    {"fsgsbase", 7, 0, EBX, 0, NO_STATE},
    {"fxsr", 1, 0, EDX, 24, NO_STATE},
    {"gfni", 7, 0, ECX, 8, NO_STATE},
    {"hreset", 7, 1, EAX, 22, NO_STATE},
    {"invpcid", 7, 0, EBX, 10, NO_STATE},
    {"kl", 7, 0, ECX, 23, NO_STATE},
    {"lwp", 0x80000001, 0, ECX, 15, NO_STATE},
    {"lzcnt", 0x80000001, 0, ECX, 5, NO_STATE},
    {"mmx", 1, 0, EDX, 23, NO_STATE},
    {"movbe", 1, 0, ECX, 22, NO_STATE},
    {"movdir64b", 7, 0, ECX, 28, NO_STATE},
    {"movdiri", 7, 0, ECX, 27, NO_STATE},
    {"mwaitx", 0x80000001, 0, ECX, 29, NO_STATE},
    {"pclmul", 1, 0, ECX, 1, NO_STATE},
    {"pconfig", 7, 0, EDX, 18, NO_STATE},
    {"pku", 7, 0, ECX, 4, NO_STATE},
    {"popcnt", 1, 0, ECX, 23, NO_STATE},
    {"prefetchi", 7, 1, EDX, 14, NO_STATE},
    {"prfchw", 0x80000001, 0, ECX, 8, NO_STATE},
    {"ptwrite", 0x14, 0, EBX, 4, NO_STATE},
    {"rdpid", 7, 0, ECX, 22, NO_STATE},
    {"rdpru", 0x80000008, 0, EBX, 4, NO_STATE},
    {"rdrnd", 1, 0, ECX, 30, NO_STATE},
    {"rdseed", 7, 0, EBX, 18, NO_STATE},
    {"sahf", 0x80000001, 0, ECX, 0, NO_STATE},
    {"serialize", 7, 0, EDX, 14, NO_STATE},
    {"sgx", 7, 0, EBX, 2, NO_STATE},
    {"sha", 7, 0, EBX, 29, NO_STATE},
    {"sha512", 7, 1, EAX, 0, YMM},
    {"shstk", 7, 0, ECX, 7, NO_STATE},
    {"sm3", 7, 1, EAX, 1, YMM},
    {"sm4", 7, 1, EAX, 2, YMM},
    {"sse", 1, 0, EDX, 25, NO_STATE},
    {"sse2", 1, 0, EDX, 26, NO_STATE},
    {"sse3", 1, 0, ECX, 0, NO_STATE},
    {"sse4.1", 1, 0, ECX, 19, NO_STATE},
    {"sse4.2", 1, 0, ECX, 20, NO_STATE},
    {"sse4a", 0x80000001, 0, ECX, 6, NO_STATE},
    {"ssse3", 1, 0, ECX, 9, NO_STATE},
    {"tbm", 0x80000001, 0, ECX, 21, NO_STATE},
    {"tsxldtrk", 7, 0, EDX, 16, NO_STATE},
    {"uintr", 7, 0, EDX, 5, NO_STATE},
    {"usermsr", 7, 1, EDX, 15, NO_STATE},
    {"vaes", 7, 0, ECX, 9, YMM},
    {"vpclmulqdq", 7, 0, ECX, 10, YMM},
    {"waitpkg", 7, 0, ECX, 5, NO_STATE},
    {"wbnoinvd", 0x80000008, 0, EBX, 9, NO_STATE},
    {"widekl", 0x19, 0, EBX, 2, NO_STATE},
    {"x87", 1, 0, EDX, 0, NO_STATE},
    {"xop", 0x80000001, 0, ECX, 11, YMM},
    {"xsave", 1, 0, ECX, 26, NO_STATE},
    {"xsavec", 0xd, 1, EAX, 1, NO_STATE},
    {"xsaveopt", 0xd, 1, EAX, 0, NO_STATE},
    {"xsaves", 0xd, 1, EAX, 3, NO_STATE},
};

static bool system_saves(uint32_t state)
{
    uint32_t a, b, c, d;
    if (!state)
        return true;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) /* OSXSAVE */
        return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & state) == state;
}

bool cpu_has(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const feature_row *f = &features[i];
        uint32_t words[4];
        if (strlen(f->name) == length && !memcmp(f->name, name, length))
            return __get_cpuid_count(f->leaf, f->subleaf, &words[EAX], &words[EBX], &words[ECX], &words[EDX]) &&
                   (words[f->word] >> f->bit & 1) && system_saves(f->state);
    }
    return false;
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

/* Linux's names of what it reports (Documentation/arch/arm64/elf_hwcaps.rst): bits of AT_HWCAP, and from 64 up of AT_HWCAP2.
 * Features that no code of ours can meet - they count events, guard privileged state, or hint - are SILENT: always there. */
enum { SILENT = -1, HWCAP2 = 64 };

typedef struct feature_row {
    const char *name;
    int bit;
} feature_row;

static const feature_row features[] = {
    {"aes", 3},
    {"altnzcv", HWCAP2 + 7},
    {"am", SILENT},
    {"bf16", HWCAP2 + 14},
    {"brbe", SILENT},
    {"bti", SILENT},
    {"ccdp", HWCAP2 + 0},
    {"ccidx", SILENT},
    {"complxnum", 14},
    {"crc", 7},
    {"cssc", HWCAP2 + 34},
    {"dit", SILENT},
    {"dotprod", 20},
    {"ete", SILENT},
    {"flagm", 27},
    {"fp-armv8", 0},
    {"fp16fml", 23},
    {"fptoint", HWCAP2 + 8},
    {"fullfp16", 10},
    {"hcx", SILENT},
    {"i8mm", HWCAP2 + 13},
    {"jsconv", 13},
    {"lor", SILENT},
    {"lse", 8},
    {"lse2", 25},
    {"mec", SILENT},
    {"mte", SILENT},
    {"neon", 1},
    {"pan", SILENT},
    {"pauth", SILENT},
    {"perfmon", SILENT},
    {"predres", SILENT},
    {"rand", SILENT},
    {"ras", SILENT},
    {"rcpc", 15},
    {"rcpc-immo", 26},
    {"rdm", 12},
    {"rme", SILENT},
    {"sb", SILENT},
    {"sha2", 6},
    {"sha3", 17},
    {"sm4", 19},
    {"spe", SILENT},
    {"spe-eef", SILENT},
    {"specrestrict", SILENT},
    {"ssbs", SILENT},
    {"sve", 22},
    {"sve2", HWCAP2 + 1},
    {"sve2-bitperm", HWCAP2 + 4},
    {"trbe", SILENT},
    {"vh", SILENT},
    {"wfxt", SILENT},
};

/* "v8.2a": an edition of the architecture, whose features are named one by one beside it. */
static bool is_edition(const char *name, size_t length)
{
    return length >= 3 && name[0] == 'v' && (name[1] == '8' || name[1] == '9');
}

bool cpu_has(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const feature_row *f = &features[i];
        if (strlen(f->name) == length && !memcmp(f->name, name, length))
            return f->bit == SILENT ||
                   (f->bit < HWCAP2 ? getauxval(AT_HWCAP) >> f->bit & 1 : getauxval(AT_HWCAP2) >> (f->bit - HWCAP2) & 1);
    }
    return is_edition(name, length);
}

#else

/* On other processors code is built for the baseline, and any feature named is one too many. */
bool cpu_has(const char *name, size_t length)
{
    (void)name;
    (void)length;
    return false;
}

#endif
