#define _GNU_SOURCE
#include "CLinux.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cpu_set_t everywhere;
static atomic_int is_any_kept;

static void look(void)
{
	CPU_ZERO(&everywhere);
	if (sched_getaffinity(0, sizeof everywhere, &everywhere) != 0)
		CPU_ZERO(&everywhere);
}

int pak_processors(void)
{
	pthread_once(&once, look);
	return CPU_COUNT(&everywhere);
}

int pak_stay(int number)
{
	int left = number, count = pak_processors();
	struct sched_param none = { 0 };
	cpu_set_t set = everywhere;
	if (number < 0)
		return sched_setaffinity(0, sizeof set, &set) != 0
			|| sched_setscheduler(0, SCHED_OTHER, &none) != 0 ? -1 : 0;
	/* Who was started with another policy has it for a reason, and may not get it back. */
	if (number >= count || sched_getscheduler(0) != SCHED_OTHER)
		return -1;
	CPU_ZERO(&set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &everywhere) && left-- == 0)
			CPU_SET(i, &set);
	atomic_store(&is_any_kept, 1);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		return -1;
	if (sched_setscheduler(0, SCHED_BATCH, &none) == 0)
		return 0;
	sched_setaffinity(0, sizeof everywhere, &everywhere);
	return -1;
}

void pak_spread(void *attributes)
{
	if (!atomic_load(&is_any_kept))
		return;
	pthread_attr_setaffinity_np(attributes, sizeof everywhere, &everywhere);
	pthread_attr_setinheritsched(attributes, PTHREAD_EXPLICIT_SCHED);
}
