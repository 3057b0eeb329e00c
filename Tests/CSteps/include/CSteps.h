#ifndef CSTEPS_H
#define CSTEPS_H

/* Runs a program and stops it after each system call that may change a file, of any of its
   threads; then `step` is called. Its output is thrown away. Returns its exit status, 128 and more
   for a signal, -1 where nothing can be stopped here. To be called from a thread that waits for no
   other process. */
int steps_run(const char *path, char *const arguments[], char *const environment[],
	void (*step)(void *context), void *context);

#endif
