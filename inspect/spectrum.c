/* spectrum.c - see spectrum.h. */
#include "inspect/spectrum.h"

#include <math.h>

double spectrum_relaxation(double width, double beta)
{
    double product = width * beta;
    return product < 1 ? 1 / (1 - product) : INFINITY;
}

static json_t *rung_value(arena *a, double beta)
{
    if (!(beta > 0))
        return value_null();
    json_t *value = value_object(a);
    value_put(a, value, "beta", value_number(a, beta));
    value_put(a, value, "temperature", value_number(a, 1 / beta));
    return value;
}

static json_t *bound_value(arena *a, double width, double beta)
{
    json_t *value = value_object(a);
    value_put(a, value, "product", value_number(a, width * beta));
    value_put(a, value, "sweeps", value_number(a, spectrum_relaxation(width, beta)));
    return value;
}

static const char *bound_line(arena *a, double width, const schedule *ladder)
{
    double hot = spectrum_relaxation(width, ladder->hot), cold = spectrum_relaxation(width, ladder->cold);
    if (!(width > 0))
        return "without couplings every sweep is a fresh start";
    const char *where = isfinite(cold)  ? "the whole anneal lies there"
                        : isfinite(hot) ? arena_format(a, "the anneal begins there, at %.3g sweeps, and ends below", hot)
                                        : "the anneal lies below";
    return arena_format(a, "above temperature %.4g single flips relax within 1 / (1 - %.4g / T) sweeps; %s", width, width, where);
}

static json_t *relaxation_value(arena *a, double width, const schedule *ladder)
{
    json_t *value = value_object(a);
    value_put(a, value, "threshold", value_number(a, width));
    value_put(a, value, "hot", bound_value(a, width, ladder->hot));
    value_put(a, value, "cold", bound_value(a, width, ladder->cold));
    value_put(a, value, "line", value_text(a, bound_line(a, width, ladder)));
    value_put(a, value, "source", value_text(a, "Eldan, Koehler, Zeitouni, Probab. Theory Relat. Fields 182 (2022) 1035"));
    return value;
}

json_t *spectrum_value(arena *a, const eigen_extremes *e, const schedule *ladder)
{
    json_t *value = value_object(a);
    value_put(a, value, "largest", e->converged ? value_number(a, e->largest) : value_null());
    value_put(a, value, "smallest", e->converged ? value_number(a, e->smallest) : value_null());
    value_put(a, value, "method", value_text(a, e->dense ? "lapack" : "arpack"));
    value_put(a, value, "converged", value_flag(e->converged));
    value_put(a, value, "residual", value_number(a, e->residual));
    value_put(a, value, "hot", rung_value(a, ladder->hot));
    value_put(a, value, "cold", rung_value(a, ladder->cold));
    value_put(a, value, "relaxation",
              e->converged && isfinite(e->largest - e->smallest) ? relaxation_value(a, e->largest - e->smallest, ladder)
                                                                 : value_null());
    return value;
}
