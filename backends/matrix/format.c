/* format.c - the table of formats, and which of them a file has (format.h). */
#include "backends/matrix/format.h"
#include "backends/matrix/detect.h"

#include <strings.h>

const matrix_format matrix_formats[] = {
    {"bqpjson", ".json", "bqpjson 1.0.0: spins or binary variables, offset, identifiers", FORMAT_EITHER, true, true, true, false,
     0, 0, 0, bqpjson_read, bqpjson_write},
    {"bqm-json", ".bqm.json", "dimod's binary quadratic model, bqm_schema 3.0.0", FORMAT_EITHER, true, true, true, false, 0, 0, 0,
     bqm_json_read, bqm_json_write},
    {"coo", ".coo", "dimod's coordinate text: `i j value` from 0", FORMAT_EITHER, true, false, false, false, 0, 0, 0, coo_read,
     coo_write},
    {"qubo", ".qubo", "qbsolv's text: `p qubo ...`, diagonals, couplers", FORMAT_BINARY, true, false, false, false, 0, 0, 0,
     qubo_read, qubo_write},
    {"rudy", ".rudy", "graphs for maximum cut (the G-set): `n m`, `i j w` from 1", FORMAT_SPIN, false, false, false, false, 0, 0,
     0, rudy_read, rudy_write},
    {"biqmac", ".biqmac", "the Biq Mac library's 0/1 problems: one triangle, minimised", FORMAT_BINARY, true, false, false, false,
     0, 0, 0, biqmac_read, biqmac_write},
    {"mqlib", ".mqlib", "MQLib's 0/1 problems: one triangle, maximised", FORMAT_BINARY, true, false, false, false, 0, 0, 0,
     mqlib_read, mqlib_write},
    {"mtx", ".mtx", "a QUBO matrix in the Matrix Market's format", FORMAT_BINARY, true, false, false, false, 0, 0, 0, mtx_read,
     mtx_write},
    {"kaiwu-csv", ".csv", "a QUBO matrix for QBoson's machines; written on their 8-bit grid", FORMAT_SPIN, true, false, false,
     true, -127, 128, 2, kaiwu_csv_read, kaiwu_csv_write},
    {"kaiwu-ising-csv", ".ising.csv", "an 8-bit Ising matrix for coherent Ising machines", FORMAT_SPIN, false, false, false,
     false, -127, 128, 2, kaiwu_ising_csv_read, kaiwu_ising_csv_write},
    {"hitachi-json", ".hitachi.json", "a King's graph for Hitachi's annealers, whole numbers up to 7", FORMAT_SPIN, true, false,
     false, false, -7, 7, 1, hitachi_json_read, hitachi_json_write},
    {"fujitsu-json", ".fujitsu.json", "a binary polynomial for Fujitsu's digital annealers", FORMAT_BINARY, true, true, false,
     false, 0, 0, 0, fujitsu_json_read, fujitsu_json_write},
    {"dwave-qp", ".qp.json", "D-Wave's packed fields and couplers", FORMAT_SPIN, true, true, false, false, 0, 0, 0, dwave_qp_read,
     dwave_qp_write},
    {0},
};

const char *const matrix_format_names[] = {"bqpjson",      "bqm-json",     "coo",      "qubo",      "rudy",
                                           "biqmac",       "mqlib",        "mtx",      "kaiwu-csv", "kaiwu-ising-csv",
                                           "hitachi-json", "fujitsu-json", "dwave-qp", NULL};

const matrix_format *matrix_format_find(const char *name, size_t length)
{
    for (const matrix_format *f = matrix_formats; f->name; f++)
        if (strlen(f->name) == length && !memcmp(f->name, name, length))
            return f;
    return NULL;
}

const char *matrix_format_doc(const char *name)
{
    const matrix_format *f = matrix_format_find(name, strlen(name));
    return f ? f->doc : NULL;
}

/* ---- which format ---------------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), count = strlen(ending);
    return length > count && !strcasecmp(path + length - count, ending);
}

/* The longest extension wins. */
const matrix_format *detect_extension(const char *path)
{
    const matrix_format *best = NULL;
    for (const matrix_format *f = matrix_formats; f->name; f++)
        if (ends_in(path, f->extension) && (!best || strlen(f->extension) > strlen(best->extension)))
            best = f;
    return best;
}

const char *matrix_format_of_path(const char *path)
{
    const matrix_format *f = detect_extension(path);
    return f ? f->name : NULL;
}

typedef struct detect_mark {
    const char *text, *format;
} detect_mark;

/* Keys that only one format has. */
static const detect_mark marks[] = {
    {"\"binary_polynomial\"", "fujitsu-json"},
    {"\"linear_terms\"", "bqpjson"},
    {"\"quadratic_terms\"", "bqpjson"},
    {"\"variable_domain\"", "bqpjson"},
    {"\"variable_ids\"", "bqpjson"},
    {"\"variable_type\"", "bqm-json"},
    {"\"linear_biases\"", "bqm-json"},
    {"\"variable_labels\"", "bqm-json"},
    {"\"quad\"", "dwave-qp"},
    {"\"lin\"", "dwave-qp"},
    {"\"model\"", "hitachi-json"},
};

static bool find(const char *text, size_t length, const char *what)
{
    return memmem(text, length, what, strlen(what)) != NULL;
}

/* From the beginning of a file that says nothing by its name. */
const matrix_format *detect_content(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    const char *name = NULL;
    const char *line_end = memchr(text + at, '\n', length - at);
    size_t line = line_end ? (size_t)(line_end - text) - at : length - at;
    if (at == length)
        return NULL;
    if (text[at] == '{' || text[at] == '[') {
        for (size_t i = 0; i < sizeof marks / sizeof *marks && !name; i++)
            if (find(text, length, marks[i].text))
                name = marks[i].format;
    } else if (line >= 14 && !strncasecmp(text + at, "%%MatrixMarket", 14)) {
        name = "mtx";
    } else if (text[at] == 'c' || text[at] == 'p') {
        name = "qubo";
    } else if (text[at] == '#') {
        name = "coo";
    } else if (memchr(text + at, ',', line)) {
        name = "kaiwu-csv";
    } else {
        int words = 0; /* of the first line */
        for (size_t i = at; i < at + line; i++)
            words += !strchr(" \t\r", text[i]) && (i == at || strchr(" \t\r", text[i - 1]));
        name = words == 2 ? "rudy" : words == 3 ? "coo" : NULL;
    }
    return name ? matrix_format_find(name, strlen(name)) : NULL;
}
