#include "CLinux.h"

#include <unistd.h>

void pak_each_name(int folder, void (*look)(void *context, const char *name), void *context)
{
	_Alignas(struct pak_entry) char room[4096];
	if (lseek(folder, 0, SEEK_SET) != 0)
		return;
	for (;;) {
		ssize_t count = pak_read_directory(folder, room, sizeof room);
		if (count <= 0)
			return;
		for (ssize_t at = 0; at < count;) {
			struct pak_entry *entry = (struct pak_entry *)(room + at);
			at += entry->length;
			look(context, entry->name);
		}
	}
}
