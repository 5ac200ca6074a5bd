/* eigen.h - the extreme eigenvalues of a problem's coupling matrix.
 *
 * The matrix is symmetric with zero diagonal, both triangles filled. Small ones are made dense and given to LAPACK (dsyevr); for
 * larger ones ARPACK (dsaupd, the implicitly restarted Lanczos method: Lehoucq, Sorensen, Yang 1998) sees products with
 * vectors alone. Its start vector is fixed, so the numbers are the same in every run.
 */
#ifndef INSPECT_EIGEN_H
#define INSPECT_EIGEN_H

#include "ir/problem.h"

enum { EIGEN_DENSE_SPINS = 128 };

typedef struct eigen_extremes {
    double largest, smallest;
    bool dense;     /* by LAPACK */
    bool converged; /* otherwise the two are the best estimates there were, or 0 */
    double
        residual; /* the larger of |Jv - av| for the two unit eigenvectors: neither is further from an eigenvalue; 0 if dense */
} eigen_extremes;

/* Of no spins, or no couplings: 0 and 0. most_dense: as EIGEN_DENSE_SPINS. ISG_NO_MEMORY is the only error. */
isg_status eigen_find(const problem *p, int64_t most_dense, eigen_extremes *out, isg_error *error);

#endif
