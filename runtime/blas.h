/* blas.h - the services that generated code calls: matrix products by OpenBLAS. */
#ifndef RUNTIME_BLAS_H
#define RUNTIME_BLAS_H

#include "runtime/abi.h"

const isg_abi_services *blas_services(void);

/* OpenBLAS has one thread count for the whole process, and results are the same bits only when it is 1.
 * Between these two it is 1; when the last of concurrent users leaves, what it was is restored. */
void blas_enter(void);
void blas_leave(void);

#endif
