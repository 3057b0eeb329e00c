#include "CLinux.h"

#include <unistd.h>

/* What pak_read_directory fills a buffer with. */
struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

void pak_each_name(int folder, void (*look)(void *context, const char *name), void *context)
{
	_Alignas(struct entry) char room[4096];
	if (lseek(folder, 0, SEEK_SET) != 0)
		return;
	for (;;) {
		ssize_t count = pak_read_directory(folder, room, sizeof room);
		if (count <= 0)
			return;
		for (ssize_t at = 0; at < count;) {
			struct entry *entry = (struct entry *)(room + at);
			at += entry->length;
			look(context, entry->name);
		}
	}
}
