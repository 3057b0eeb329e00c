/* Directories listed, also while they change; files mapped; extended attributes. */
#include "posix.h"

enum { MANY = 400 };

static void fill(const char *directory, int count)
{
	char path[64];

	make_dir(directory);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/file-with-number-%04d", directory, i);
		make_file(path, "");
	}
}

static int count_of(DIR *list)
{
	int count = 0;

	for (struct dirent *entry; (entry = readdir(list)); )
		count++;
	return count;
}

void listing(void)
{
	static bool seen[MANY];
	int twice = 0, dots = 0, wrong = 0, count = 0;
	struct dirent *entry;
	DIR *list;

	fill("d", MANY);
	about("all");
	list = opendir("d");
	while ((entry = readdir(list))) {
		int number;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			dots++;
			wrong += entry->d_type != DT_DIR;
			continue;
		}
		if (sscanf(entry->d_name, "file-with-number-%d", &number) != 1 || number >= MANY)
			continue;
		twice += seen[number];
		seen[number] = true;
		count++;
		wrong += entry->d_type != DT_REG;
		if (number % 100 == 0) {
			struct stat stat;
			wrong += fstatat(dirfd(list), entry->d_name, &stat, 0) || stat.st_ino != entry->d_ino;
		}
	}
	IS(count, MANY);
	IS(dots, 2);
	IS(twice, 0);
	IS(wrong, 0);

	about("rewinddir");
	make_file("d/new", "");
	rewinddir(list);
	IS(count_of(list), MANY + 3);
	EXPECT(0, unlink("d/new"));
	rewinddir(list);
	IS(count_of(list), MANY + 2);

	about("seekdir");
	rewinddir(list);
	for (int i = 0; i < 123; i++)
		entry = readdir(list);
	long place = telldir(list);
	char name[256] = "";
	if ((entry = readdir(list)))
		strcpy(name, entry->d_name);
	count_of(list);
	seekdir(list, place);
	entry = readdir(list);
	WAS(entry && strcmp(entry->d_name, name) == 0);
	closedir(list);

	about("while names go");
	list = opendir("d");
	count = 0;
	while ((entry = readdir(list)))
		if (entry->d_name[0] == 'f' && unlinkat(dirfd(list), entry->d_name, 0) == 0)
			count++;
	IS(count, MANY);
	closedir(list);
	EXPECT(0, rmdir("d"));

	about("while names come");
	fill("d", MANY);
	list = opendir("d");
	for (int i = 0; i < 10; i++)
		entry = readdir(list);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "d/added-%d", i);
		make_file(name, "");
	}
	for (int i = 0; i < 50; i++) {
		char new[64];
		snprintf(name, sizeof name, "d/file-with-number-%04d", MANY - 1 - i);
		snprintf(new, sizeof new, "d/renamed-%d", i);
		rename(name, new);
	}
	memset(seen, 0, sizeof seen);
	twice = 0;
	while ((entry = readdir(list))) {
		int number;
		if (sscanf(entry->d_name, "file-with-number-%d", &number) == 1) {
			twice += seen[number];
			seen[number] = true;
		}
	}
	IS(twice, 0);
	closedir(list);
	list = opendir("d");
	IS(count_of(list), MANY + 50 + 2);
	closedir(list);

	about("types");
	make_dir("types");
	static const char kinds[] = "fdplscb";
	static const unsigned char types[] = { DT_REG, DT_DIR, DT_FIFO, DT_LNK, DT_SOCK, DT_CHR, DT_BLK };
	for (int i = 0; kinds[i]; i++) {
		snprintf(name, sizeof name, "types/%c", kinds[i]);
		make(kinds[i], name);
	}
	list = opendir("types");
	while ((entry = readdir(list)))
		if (entry->d_name[0] != '.')
			IS(entry->d_type, types[strchr(kinds, entry->d_name[0]) - kinds]);
	closedir(list);

	about("empty");
	make_dir("empty");
	list = opendir("empty");
	IS(count_of(list), 2);
	closedir(list);
	make_dir("long");
	for (int i = 0; i < 60; i++) {
		char *longest = name_of(250);
		snprintf(longest + 240, 11, "%010d", i);
		char path[300];
		snprintf(path, sizeof path, "long/%s", longest);
		make_file(path, "");
	}
	about("long names");
	list = opendir("long");
	IS(count_of(list), 62);
	closedir(list);
	IS(look("empty").st_ino == look("long").st_ino, 0);
}

static char *shared;

static int touch_beyond(void)
{
	return shared[8192];
}

void mapping(void)
{
	static char text[16384];
	int file;

	make_file("f", "");
	file = open("f", O_RDWR);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = 'a' + i % 26;
	IS(write(file, text, sizeof text), sizeof text);

	about("private");
	char *bytes = mmap(NULL, sizeof text, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	WAS(bytes != MAP_FAILED && memcmp(bytes, text, sizeof text) == 0);
	if (bytes != MAP_FAILED) {
		bytes[0] = '!';
		char byte = 0;
		IS(pread(file, &byte, 1, 0), 1);
		IS(byte, 'a');
		munmap(bytes, sizeof text);
	}

	about("shared, read");
	int reader = open("f", O_RDONLY);
	bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 4096);
	close(reader);
	WAS(bytes != MAP_FAILED && memcmp(bytes, text + 4096, 4096) == 0);
	if (bytes != MAP_FAILED)
		munmap(bytes, 4096);

	about("shared, written");
	shared = mmap(NULL, sizeof text, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	WAS(shared != MAP_FAILED);
	if (shared != MAP_FAILED) {
		memcpy(shared + 5000, "mapped", 6);
		EXPECT(0, msync(shared, sizeof text, MS_SYNC));
		IS(pread(file, text, 6, 5000), 6);
		WAS(memcmp(text, "mapped", 6) == 0);
		IS(look("f").st_size, sizeof text);
		int other = open("f", O_RDONLY);
		IS(pread(other, text, 6, 5000), 6);
		WAS(memcmp(text, "mapped", 6) == 0);
		close(other);
		IS(pwrite(file, "written", 7, 6000), 7);
		WAS(memcmp(shared + 6000, "written", 7) == 0);
		EXPECT(0, unlink("f"));
		shared[0] = 'Z';
		EXPECT(0, msync(shared, 4096, MS_SYNC));
		IS(pread(file, text, 1, 0), 1);
		IS(text[0], 'Z');
		EXPECT(0, ftruncate(file, 4096));
		IS(in_child(touch_beyond), 256 + SIGBUS);
		munmap(shared, sizeof text);
	}
	close(file);
	unlink("f");

	about("not for writing");
	make_file("r", "text");
	file = open("r", O_RDONLY);
	EXPECT(EACCES, mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ? -1 : 0);
	close(file);
	file = open("r", O_WRONLY);
	EXPECT(EACCES, mmap(NULL, 4, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED ? -1 : 0);
	close(file);
}

void attributes(void)
{
	static char value[3000], back[4096];

	make_file("f", "");
	make_dir("d");
	make_link("f", "l");
	memset(value, 'v', sizeof value);
	for (const char *path = "f"; path; path = *path == 'f' ? "d" : NULL) {
		about("%s", path);
		EXPECT(ENODATA, getxattr(path, "user.none", back, 8));
		EXPECT(ENODATA, getxattr(path, "security.capability", back, 8));
		EXPECT(0, setxattr(path, "user.one", "1", 1, 0));
		IS(getxattr(path, "user.one", back, 8), 1);
		IS(getxattr(path, "user.one", NULL, 0), 1);
		EXPECT(EEXIST, setxattr(path, "user.one", "2", 1, XATTR_CREATE));
		EXPECT(0, setxattr(path, "user.one", "22", 2, XATTR_REPLACE));
		IS(getxattr(path, "user.one", back, 8), 2);
		EXPECT(ERANGE, getxattr(path, "user.one", back, 1));
		EXPECT(ENODATA, setxattr(path, "user.two", "2", 1, XATTR_REPLACE));
		EXPECT(0, setxattr(path, "user.two", "2", 1, XATTR_CREATE));
		IS(listxattr(path, back, sizeof back), 18);
		IS(listxattr(path, NULL, 0), 18);
		EXPECT(ERANGE, listxattr(path, back, 3));
		EXPECT(0, removexattr(path, "user.one"));
		EXPECT(ENODATA, removexattr(path, "user.one"));
		IS(listxattr(path, back, sizeof back), 9);
		EXPECT(0, setxattr(path, "user.empty", "", 0, 0));
		EXPECT(0, getxattr(path, "user.empty", back, 8));
		EXPECT(0, setxattr(path, "user.long", value, sizeof value, 0));
		IS(getxattr(path, "user.long", back, sizeof back), sizeof value);
		WAS(memcmp(back, value, sizeof value) == 0);
		EXPECT(0, setxattr(path, "trusted.t", "t", 1, 0));
		IS(getxattr(path, "trusted.t", back, 8), 1);
		EXPECT_AS(1000, 1000, EACCES, setxattr(path, "user.one", "1", 1, 0));
		EXPECT_AS(1000, 1000, EPERM, setxattr(path, "trusted.t", "1", 1, 0));
		EXPECT_AS(1000, 1000, 0, getxattr(path, "user.two", back, 8));
	}
	about("names");
	char name[300] = "user.";
	strcat(name, name_of(250));
	EXPECT(0, setxattr("f", name, "v", 1, 0));
	IS(getxattr("f", name, back, 8), 1);
	strcat(name, "n");
	EXPECT(ERANGE, setxattr("f", name, "v", 1, 0));
	EXPECT(ERANGE, setxattr("f", "", "v", 1, 0));
	EXPECT(EOPNOTSUPP, setxattr("f", "unknown.x", "v", 1, 0));
	about("a link");
	EXPECT(EPERM, lsetxattr("l", "user.x", "v", 1, 0));
	EXPECT(0, lsetxattr("l", "trusted.x", "v", 1, 0));
	IS(lgetxattr("l", "trusted.x", back, 8), 1);
	EXPECT(ENODATA, getxattr("l", "trusted.x", back, 8));
	about("a fifo");
	make('p', "p");
	EXPECT(EPERM, setxattr("p", "user.x", "v", 1, 0));
	about("another name");
	EXPECT(0, rename("f", "g"));
	IS(getxattr("g", "user.two", back, 8), 1);
	EXPECT(0, link("g", "h"));
	EXPECT(0, setxattr("h", "user.two", "two", 3, 0));
	IS(getxattr("g", "user.two", back, 8), 3);
}
