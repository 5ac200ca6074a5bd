/* library_check.c - see library_check.h; the ELF format is System V ABI, chapters 4 and 5. */
#include "runtime/library_check.h"
#include "runtime/checksum.h"
#include "runtime/error.h"

#include <elf.h>
#include <string.h>

#if defined(__x86_64__)
enum { THIS_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { THIS_MACHINE = EM_AARCH64 };
#elif defined(__riscv)
enum { THIS_MACHINE = EM_RISCV };
#else
#error "name this processor's ELF machine"
#endif

static isg_status cut_off(const file_source *s, isg_error *error)
{
    return error_fail(error, ISG_INVALID, "%s: the shared object is cut off", s->name);
}

static bool inside(const file_source *s, uint64_t offset, uint64_t bytes)
{
    return offset <= s->length && bytes <= s->length - offset;
}

static isg_status check_segments(const file_source *s, const Elf64_Ehdr *header, isg_error *error)
{
    if (header->e_phentsize != sizeof(Elf64_Phdr))
        return error_fail(error, ISG_INVALID, "%s: the shared object is malformed", s->name);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        uint64_t offset = (uint64_t)i * sizeof segment;
        if (!inside(s, header->e_phoff, offset + sizeof segment))
            return cut_off(s, error);
        isg_status status = file_source_read(s, header->e_phoff + offset, sizeof segment, &segment, error);
        if (status)
            return status;
        if (!inside(s, segment.p_offset, segment.p_filesz))
            return cut_off(s, error);
    }
    return ISG_OK;
}

/* The mark at the end, where there is one. */
static isg_status check_whole(const file_source *s, isg_error *error)
{
    uint64_t mark[CHECKSUM_BYTES / 8], sum = 0;
    char block[CHECKSUM_BLOCK];
    if (s->length < sizeof mark)
        return ISG_OK;
    uint64_t length = s->length - sizeof mark;
    isg_status status = file_source_read(s, length, sizeof mark, mark, error);
    if (status || mark[0] != CHECKSUM_MAGIC)
        return status;
    for (uint64_t at = 0; !status && at < length; at += sizeof block) {
        size_t count = length - at < sizeof block ? (size_t)(length - at) : sizeof block;
        status = file_source_read(s, at, count, block, error);
        if (!status)
            sum = checksum_add(sum, block, count);
    }
    if (!status && (mark[1] != length || mark[2] != sum))
        status = error_fail(error, ISG_INVALID, "%s: the shared object is damaged", s->name);
    return status;
}

isg_status library_check(const file_source *s, isg_error *error)
{
    Elf64_Ehdr header;
    if (s->length < SELFMAG)
        return error_fail(error, ISG_INCOMPATIBLE, "%s: not a compiled program (it is no shared object)", s->name);
    memset(&header, 0, sizeof header);
    size_t have = s->length < sizeof header ? s->length : sizeof header;
    isg_status status = file_source_read(s, 0, have, &header, error);
    if (status)
        return status;
    if (memcmp(header.e_ident, ELFMAG, SELFMAG))
        return error_fail(error, ISG_INCOMPATIBLE, "%s: not a compiled program (it is no shared object)", s->name);
    if (have < sizeof header)
        return cut_off(s, error);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != THIS_MACHINE)
        return error_fail(error, ISG_INCOMPATIBLE, "%s: the program was built for another processor", s->name);
    if (header.e_type != ET_DYN)
        return error_fail(error, ISG_INCOMPATIBLE, "%s: not a compiled program (it is no shared object)", s->name);
    if (header.e_shoff && !inside(s, header.e_shoff, (uint64_t)header.e_shnum * header.e_shentsize))
        return cut_off(s, error); /* linkers put the section headers last */
    status = check_segments(s, &header, error);
    return status ? status : check_whole(s, error);
}
