#include "CLinux.h"

#include <stddef.h>

/* The standard library's: which words are the command's, instead of those in /proc/self/cmdline. */
__attribute__((weak)) void _swift_stdlib_overrideUnsafeArgvArgc(char **words, int count);

#ifdef __GLIBC__
/* Without /proc it would find none. */
__attribute__((constructor)) static void give_arguments(int count, char **words)
{
	if (_swift_stdlib_overrideUnsafeArgvArgc != NULL)
		_swift_stdlib_overrideUnsafeArgvArgc(words, count);
}
#endif
