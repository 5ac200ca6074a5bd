/* departures.h - what the threads of session_advance leave behind, sample by sample, and its way into the session. */
#ifndef BACKENDS_SESSION_DEPARTURES_H
#define BACKENDS_SESSION_DEPARTURES_H

#include "backends/machine/prepare.h"
#include "backends/session/session_data.h"

/* Samples that are in memory with all their matrices at a time. */
enum { CHUNK = 32 };

/* A part on its way out. */
typedef struct outgoing {
    uint32_t number;
    prepared ready;
    int64_t spins; /* of the part */
    char hash[SHA256_TEXT];
} outgoing;

/* What the threads leave for one sample. */
typedef struct departure {
    outgoing *parts; /* [capacity] */
    uint32_t count, capacity;
    int64_t rounds_without_files;
} departure;

typedef struct advancing {
    session *s;
    const session_run *run;
    const session_part *parts; /* of the round that is answered */
    uint32_t part_count;
    const machine_schedule *schedules;
    departure departures[CHUNK];
    int64_t chunk_first;
    bool round_made;
    int64_t trivial;
    char trivial_first[512];
} advancing;

void departure_drop(const isg_allocator *a, departure *d);

/* Enters the chunk's parts, the first sample of it being s->samples[first], and writes the matrices that are new. */
isg_status departures_enter(advancing *a, int64_t first, int64_t count, isg_error *error);

/* After the last chunk: ISG_INVALID where a new session has matrices without couplings and was not told to have them. */
isg_status departures_check(const advancing *a, isg_error *error);

#endif
