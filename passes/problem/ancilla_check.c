/* ancilla_check.c - checks what pass_ancilla claims beyond energies (check_energies). */
#include "passes/problem/problem_pass.h"

const char *check_ancilla(const problem *before, const problem *after, const ancilla_info *info)
{
    int64_t fields = 0;
    for (int64_t i = 0; i < after->spins; i++)
        if (after->fields[i] != 0)
            return "a field is left";
    for (int64_t i = 0; i < before->spins; i++)
        fields += before->fields[i] != 0 && i != before->ancilla;
    if (after->spins != before->spins + info->added)
        return "spins came or went besides the ancilla";
    if (info->added && (after->ancilla != before->spins || before->ancilla >= 0))
        return "the ancilla is not the last spin, or not the only one";
    if (!info->added && after->ancilla != before->ancilla)
        return "the ancilla moved";
    if (info->ancilla != after->ancilla)
        return "the ancilla is not where the report says";
    if (info->couplings != fields)
        return "the report counts other fields than the problem has";
    for (int64_t i = 0; i < after->origin_count; i++)
        if (info->added && after->origins[i].spin == (uint32_t)after->ancilla)
            return "a spin of the model follows the ancilla";
    return after->domain == PROBLEM_SPIN ? NULL : "the ancilla is no spin";
}
