/* target.h - a target: the limits of a machine that problems are solved on.
 *
 * A target is a record read from a YAML file; the library's are compiled into isg (targets/). The rest of the compiler
 * asks for limits and never for a target's name.
 *
 * The keys (design.md, "Targets"):
 *   name, kind, topology, format, source   required; source is a text or a list of texts
 *   spins            what the machine holds, an ancilla included; left out: unlimited
 *   couplings        {bits, min, max, sum_min, sum_max, count}; left out: float32
 *   fields           native | ancilla | none, or {bits, min, max} for native ones with limits; left out: native
 *   results          what `decode` reads; left out: our own
 *   run_seconds      one anneal on the machine
 */
#ifndef BACKENDS_TARGET_H
#define BACKENDS_TARGET_H

#include "ir/diagnostic.h"

typedef enum target_kind { TARGET_NATIVE, TARGET_CIM, TARGET_ANNEALER, TARGET_DIGITAL } target_kind;

/* Which pairs of spins the machine couples. */
typedef enum topology_kind {
    TOPOLOGY_COMPLETE,
    TOPOLOGY_CHIMERA,
    TOPOLOGY_PEGASUS,
    TOPOLOGY_ZEPHYR,
    TOPOLOGY_KING
} topology_kind;

typedef struct target_topology {
    topology_kind kind;
    int32_t size;          /* m of chimera(m), pegasus(m), zephyr(m) */
    int32_t rows, columns; /* of king(rows, columns) */
} target_topology;

/* The values that a machine's couplings, or its fields, may have. Without limits they are float32: then bits is 0 and
 * the bounds are infinite. With `bits` they are the whole numbers from min to max, all exact as doubles; without, the
 * real numbers from min to max. min < 0 < max always. Bounds that a file leaves out are those of two's complement, and
 * from 54 bits on -(2^53 - 1) and 2^53 - 1. */
typedef struct target_values {
    bool limited;
    int32_t bits; /* 0: not a grid of whole numbers; else 2..64 */
    double min, max;
    double sum_min, sum_max; /* bounds of the sum of one spin's couplings; infinite: none */
    int64_t count;           /* how many couplings that are not zero the machine takes; INT64_MAX: any number */
} target_values;

typedef enum target_fields {
    TARGET_FIELDS_NATIVE,  /* the machine has them; their values are `field_values` */
    TARGET_FIELDS_ANCILLA, /* as couplings to one more spin, which a problem with fields spends */
    TARGET_FIELDS_NONE     /* problems with fields cannot be given to the machine */
} target_fields;

typedef struct target {
    const char *name;
    const char *processor; /* of `native-<cpu>`: LLVM's name for it; NULL: this one */
    target_kind kind;
    int64_t spins; /* INT64_MAX: unlimited */
    target_topology topology;
    target_values couplings;
    target_fields fields;
    target_values field_values;
    const char *format;  /* a problem file's format, a name of target_formats */
    const char *results; /* a result file's format, or NULL: our own */
    double run_seconds;  /* NaN: not known */
    const char *const *sources;
    uint32_t source_count;
} target;

/* ---- finding and reading -------------------------------------------------------------------- */

/* The target that `--target NAME` means: one of the library, `native-<cpu>`, or the file of that path when the name ends
 * in .yaml. NULL after a diagnostic. Lives in the arena of d. io is for files; NULL: the default. */
const target *target_find(diagnostics *d, const isg_io *io, const char *name);

/* Reads a target from the text of a file already added to d; it is at most TARGET_MAX_BYTES long. NULL after
 * diagnostics: every independent fault is reported, each with its place. */
enum { TARGET_MAX_BYTES = 64 * 1024 };
const target *target_parse(diagnostics *d, uint32_t file);

/* Names of the library's targets, in their order; NULL behind the last. */
const char *target_library_name(arena *a, uint32_t position);

/* ---- what follows from a record ------------------------------------------------------------- */

/* Spins left for a problem's own variables; INT64_MAX when unlimited. A problem with fields spends one on the ancilla. */
int64_t target_variables(const target *t, bool with_fields);

/* Values on the grid; 0 where it is none (bits 0). */
uint64_t target_levels(const target_values *v);

/* Spins and couplings of the topology without defects; INT64_MAX for complete. */
int64_t topology_spins(target_topology t);
int64_t topology_couplings(target_topology t);

/* Spins of the largest complete graph known to embed where nothing is defective, and its longest chain; 0 where nothing
 * is embedded (complete) or no figure is known (king). */
int64_t topology_complete_graph(target_topology t, int64_t *longest_chain);

/* ---- as text -------------------------------------------------------------------------------- */

/* As in the file, in the arena: "pegasus(16)". */
const char *target_topology_text(arena *a, target_topology t);
/* In a few characters, in the arena: "8 bits, -128..127", "32 bits", "-2..1", "float32". */
const char *target_values_text(arena *a, const target_values *v);
const char *target_range_text(arena *a, const target_values *v); /* "-128..127", "from -2", "any" */
extern const char *const target_kind_names[];                    /* by target_kind; NULL ends */
extern const char *const target_field_names[];                   /* by target_fields; NULL ends */

/* The formats that a target may name. */
typedef struct target_format {
    const char *name; /* NULL ends */
    bool problems;    /* may stand in `format` */
    bool results;     /* may stand in `results` */
    bool negated;     /* its numbers are minus the couplings: a machine's limits are then those of what the file holds */
    const char *what; /* for people */
} target_format;
extern const target_format target_formats[];
const target_format *target_format_find(const char *name); /* NULL: no such */

#endif
