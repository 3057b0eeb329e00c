/* Counts what a thread takes from the heap, for tests that say how often that may be. */
#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H

#include <stdint.h>

/* How often this thread has allocated so far; never moves where counting is not possible. */
uint64_t allocations_so_far(void);

/* Whether counting is possible: not under a sanitizer, which has an allocator of its own. */
int allocations_are_counted(void);

#endif
