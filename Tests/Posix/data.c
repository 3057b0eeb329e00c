/* Bytes: written, appended, cut, with holes, without a name. */
#include "posix.h"

static bool is_zero(int file, off_t from, size_t count)
{
	static char bytes[65536];
	ssize_t got = pread(file, bytes, count, from);

	for (ssize_t i = 0; i < got; i++)
		if (bytes[i])
			return false;
	return got == (ssize_t)count;
}

static char byte_at(off_t place) { return (char)(place * 31 >> 3 ^ place >> 13); }

static void pattern(int file, off_t from, size_t count, size_t piece)
{
	static char bytes[1 << 20];
	size_t done = 0, wrong = 0;

	while (done < count) {
		size_t part = count - done < piece ? count - done : piece;
		for (size_t i = 0; i < part; i++)
			bytes[i] = byte_at(from + done + i);
		if (pwrite(file, bytes, part, from + done) != (ssize_t)part)
			break;
		done += part;
	}
	IS(done, count);
	for (size_t at = 0; at < count; at += sizeof bytes) {
		size_t part = count - at < sizeof bytes ? count - at : sizeof bytes;
		if (pread(file, bytes, part, from + at) != (ssize_t)part)
			wrong++;
		for (size_t i = 0; i < part; i++)
			wrong += bytes[i] != byte_at(from + at + i);
	}
	IS(wrong, 0);
}

void data(void)
{
	char text[64] = "";
	int file, other;

	make_file("f", "0123456789");
	file = open("f", O_RDWR);
	about("write");
	IS(pwrite(file, "ab", 2, 3), 2);
	WAS(strcmp(text_of("f"), "012ab56789") == 0);
	IS(lseek(file, 0, SEEK_END), 10);
	IS(write(file, "!", 1), 1);
	IS(look("f").st_size, 11);
	IS(lseek(file, -2, SEEK_END), 9);
	IS(read(file, text, 64), 2);
	IS(read(file, text, 64), 0);
	IS(pread(file, text, 64, 11), 0);
	IS(pread(file, text, 64, 1000000), 0);
	EXPECT(EINVAL, lseek(file, -1, SEEK_SET));
	EXPECT(EINVAL, pwrite(file, "x", 1, -1));
	EXPECT(EINVAL, pwrite(file, "x", 1, INT64_MAX));
	static const size_t pieces[] = { 1, 511, 4096, 4097, 65536, 131049, 1 << 20 };
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		about("%zu bytes at a time", pieces[i]);
		EXPECT(0, ftruncate(file, 0));
		pattern(file, 0, pieces[i] == 1 ? 300 : 300000, pieces[i]);
		pattern(file, 12345, pieces[i] == 1 ? 300 : 300000, pieces[i]);
	}

	about("cut");
	EXPECT(0, ftruncate(file, 100));
	IS(look("f").st_size, 100);
	EXPECT(0, ftruncate(file, 200000));
	IS(look("f").st_size, 200000);
	WAS(is_zero(file, 100, 60000));
	WAS(is_zero(file, 140000, 60000));
	EXPECT(0, truncate("f", 65536));
	EXPECT(0, truncate("f", 65537));
	WAS(is_zero(file, 65536, 1));
	EXPECT(EINVAL, truncate("f", -1));
	EXPECT(EINVAL, ftruncate(file, -1));
	make_dir("d");
	EXPECT(EISDIR, truncate("d", 0));
	close(file);

	about("a limit");
	struct rlimit old, limit = { 1000, RLIM_INFINITY };
	getrlimit(RLIMIT_FSIZE, &old);
	setrlimit(RLIMIT_FSIZE, &limit);
	file = open("limited", O_CREAT | O_RDWR, 0644);
	EXPECT(EFBIG, ftruncate(file, 1001));
	EXPECT(0, ftruncate(file, 1000));
	EXPECT(EFBIG, pwrite(file, "x", 1, 1000));
	IS(pwrite(file, "xyz", 3, 998), 2);
	setrlimit(RLIMIT_FSIZE, &old);
	close(file);

	about("append");
	make_file("log", "");
	file = open("log", O_WRONLY | O_APPEND);
	other = open("log", O_WRONLY | O_APPEND);
	IS(write(file, "a", 1), 1);
	IS(write(other, "b", 1), 1);
	IS(write(file, "c", 1), 1);
	IS(lseek(other, 0, SEEK_SET), 0);
	IS(write(other, "d", 1), 1);
	IS(pwrite(file, "e", 1, 0), 1);
	WAS(strcmp(text_of("log"), "abcde") == 0);
	EXPECT(0, ftruncate(file, 1));
	IS(write(other, "z", 1), 1);
	WAS(strcmp(text_of("log"), "az") == 0);
	EXPECT(0, fcntl(file, F_SETFL, 0));
	IS(pwrite(file, "A", 1, 0), 1);
	WAS(strcmp(text_of("log"), "Az") == 0);
	close(file);
	close(other);

	about("O_TRUNC");
	make_file("full", "full");
	EXPECT(0, file = open("full", O_RDWR | O_TRUNC));
	IS(look("full").st_size, 0);
	IS(write(file, "new", 3), 3);
	close(file);
	WAS(strcmp(text_of("full"), "new") == 0);

	about("what one writes another reads");
	file = open("both", O_CREAT | O_WRONLY, 0644);
	other = open("both", O_RDONLY);
	IS(write(file, "one", 3), 3);
	IS(read(other, text, 64), 3);
	IS(write(file, "two", 3), 3);
	IS(read(other, text, 64), 3);
	WAS(memcmp(text, "two", 3) == 0);
	EXPECT(0, ftruncate(file, 0));
	IS(pread(other, text, 64, 0), 0);
	close(file);
	close(other);
	WAS(look("both").st_blksize >= 512);
}

void sparse(void)
{
	int file = open("s", O_CREAT | O_RDWR, 0644);
	/* On both sides of what is stored by blocks, and of what 32 bits hold. */
	static const off_t places[] = { 1, 4095, 65535, 65536, 131072, 1000001, 8388607 };
	static const off_t far[] = { 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x140000001 };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		off_t place = places[i];

		about("a byte at %lld", (long long)place);
		EXPECT(0, ftruncate(file, 0));
		IS(pwrite(file, "x", 1, place), 1);
		IS(look("s").st_size, place + 1);
		WAS(is_zero(file, 0, place < 65536 ? place : 65536));
		WAS(is_zero(file, place / 2, place - place / 2 < 65536 ? place - place / 2 : 65536));
		char byte = 0;
		IS(pread(file, &byte, 1, place), 1);
		IS(byte, 'x');
		EXPECT(0, ftruncate(file, place));
		EXPECT(0, ftruncate(file, place + 1));
		WAS(is_zero(file, place, 1));
	}
	about("SEEK_HOLE");
	EXPECT(0, ftruncate(file, 0));
	IS(pwrite(file, "data", 4, 0), 4);
	IS(lseek(file, 0, SEEK_DATA), 0);
	IS(lseek(file, 0, SEEK_HOLE), 4);
	EXPECT(ENXIO, lseek(file, 4, SEEK_DATA));
	EXPECT(ENXIO, lseek(file, 5, SEEK_HOLE));
	for (size_t i = 0; is_large && i < sizeof far / sizeof *far; i++) {
		char byte = 0;

		about("a byte at %lld", (long long)far[i]);
		IS(pwrite(file, "x", 1, far[i]), 1);
		IS(look("s").st_size, far[i] + 1);
		IS(pread(file, &byte, 1, far[i]), 1);
		IS(byte, 'x');
		WAS(is_zero(file, far[i] - 1000, 1000));
		WAS(look("s").st_blocks < 100000);
		EXPECT(0, ftruncate(file, far[i] - 1));
		IS(look("s").st_size, far[i] - 1);
	}
	if (is_large) {
		about("1 TiB");
		EXPECT(0, ftruncate(file, 1LL << 40));
		IS(look("s").st_size, 1LL << 40);
		WAS(is_zero(file, (1LL << 40) - 4096, 4096));
	}
	close(file);
}

void removed(void)
{
	char text[64] = "";
	struct stat stat;
	DIR *list;

	about("a file");
	make_file("f", "text");
	int file = open("f", O_RDWR), again;
	ino_t old = look("f").st_ino;
	EXPECT(0, unlink("f"));
	EXPECT(0, fstat(file, &stat));
	IS(stat.st_nlink, 0);
	IS(stat.st_size, 4);
	IS(stat.st_ino, old);
	IS(pread(file, text, 64, 0), 4);
	IS(pwrite(file, "more text", 9, 2), 9);
	EXPECT(0, fstat(file, &stat));
	IS(stat.st_size, 11);
	EXPECT(0, ftruncate(file, 3));
	EXPECT(0, fstat(file, &stat));
	IS(stat.st_size, 3);
	EXPECT(0, fchmod(file, 0600));
	EXPECT(0, fchown(file, 7, 8));
	EXPECT(0, futimens(file, (struct timespec[2]){ { 11, 0 }, { 12, 0 } }));
	EXPECT(0, fstat(file, &stat));
	IS(stat.st_mode & 07777, 0600);
	IS(stat.st_uid, 7);
	IS(stat.st_gid, 8);
	IS(stat.st_mtim.tv_sec, 12);
	EXPECT(0, fsetxattr(file, "user.x", "v", 1, 0));
	IS(fgetxattr(file, "user.x", text, 8), 1);
	EXPECT(0, fsync(file));
	/* A new file of the name is another one. */
	EXPECT(0, again = open("f", O_CREAT | O_EXCL | O_RDWR, 0644));
	IS(write(again, "new", 3), 3);
	WAS(look("f").st_ino != old);
	IS(pread(file, text, 64, 0), 3);
	WAS(memcmp(text, "mor", 3) != 0 && memcmp(text, "tem", 3) == 0);
	EXPECT(ENOENT, linkat(file, "", AT_FDCWD, "back", AT_EMPTY_PATH));
	close(again);
	close(file);

	about("one of two names");
	EXPECT(0, link("f", "g"));
	file = open("f", O_RDWR);
	EXPECT(0, unlink("f"));
	EXPECT(0, fstat(file, &stat));
	IS(stat.st_nlink, 1);
	IS(pwrite(file, "NEW", 3, 0), 3);
	WAS(strcmp(text_of("g"), "NEW") == 0);
	EXPECT(0, unlink("g"));
	EXPECT(0, fstat(file, &stat));
	IS(stat.st_nlink, 0);
	close(file);

	about("a name that is another's by now");
	make_file("a", "a");
	make_file("b", "b");
	file = open("a", O_RDWR);
	EXPECT(0, rename("b", "a"));
	EXPECT(0, fchmod(file, 0600));
	IS(mode_of("a"), 0644);
	IS(pwrite(file, "A", 1, 0), 1);
	WAS(strcmp(text_of("a"), "b") == 0);
	EXPECT(0, ftruncate(file, 0));
	IS(look("a").st_size, 1);
	close(file);

	about("a directory");
	make_dir("d");
	int directory = open("d", O_RDONLY | O_DIRECTORY);
	EXPECT(0, rmdir("d"));
	EXPECT(0, fstat(directory, &stat));
	WAS(stat.st_nlink == 0);
	EXPECT(ENOENT, mkdirat(directory, "x", 0700));
	EXPECT(ENOENT, openat(directory, "x", O_CREAT | O_WRONLY, 0600));
	EXPECT(ENOENT, openat(directory, "x", O_RDONLY));
	EXPECT(ENOENT, symlinkat("x", directory, "x"));
	list = fdopendir(directory);
	int count = 0;
	for (struct dirent *entry; list && (entry = readdir(list)); )
		count += entry->d_name[0] != '.';
	IS(count, 0);
	closedir(list);

	about("the working directory");
	make_dir("w");
	WAS(chdir("w") == 0);
	EXPECT(0, rmdir("../w"));
	EXPECT(ENOENT, mkdir("x", 0700));
	EXPECT(ENOENT, open("x", O_CREAT | O_WRONLY, 0600));
	WAS(getcwd(text, sizeof text) == NULL);
	EXPECT(0, chdir(".."));
}

void devices(void)
{
	static const struct { unsigned major, minor; } numbers[] = {
		{ 0, 0 }, { 1, 3 }, { 255, 255 }, { 256, 0 }, { 0, 256 }, { 4095, 1048575 }, { 7, 1000 },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		for (int kind = 0; kind < 2; kind++) {
			about("%c %u %u", kind ? 'b' : 'c', numbers[i].major, numbers[i].minor);
			EXPECT(0, mknod("x", (kind ? S_IFBLK : S_IFCHR) | 0600,
				makedev(numbers[i].major, numbers[i].minor)));
			struct stat stat = look("x");
			IS(major(stat.st_rdev), numbers[i].major);
			IS(minor(stat.st_rdev), numbers[i].minor);
			IS(stat.st_mode & S_IFMT, kind ? S_IFBLK : S_IFCHR);
			unlink("x");
		}
	about("%s", "");
	chmod(".", 0777);
	EXPECT_AS(1000, 1000, EPERM, mknod("x", S_IFCHR | 0600, makedev(1, 3)));
	EXPECT_AS(1000, 1000, EPERM, mknod("x", S_IFBLK | 0600, makedev(7, 0)));
	EXPECT_AS(1000, 1000, 0, mknod("fifo", S_IFIFO | 0600, 0));
	EXPECT_AS(1000, 1000, 0, mknod("socket", S_IFSOCK | 0600, 0));
	EXPECT_AS(1000, 1000, 0, mknod("file", S_IFREG | 0600, 0));
	EXPECT(EPERM, mknod("dir", S_IFDIR | 0700, 0));

	about("a fifo");
	int reader = open("fifo", O_RDONLY | O_NONBLOCK), writer = open("fifo", O_WRONLY);
	char text[8] = "";
	WAS(reader >= 0 && writer >= 0);
	IS(write(writer, "ping", 4), 4);
	IS(read(reader, text, 8), 4);
	close(reader);
	close(writer);

	about("a socket");
	struct sockaddr_un address = { AF_UNIX, "bound" };
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	EXPECT(0, bind(server, (struct sockaddr *)&address, sizeof address));
	EXPECT(0, listen(server, 1));
	WAS(S_ISSOCK(look("bound").st_mode));
	EXPECT(0, connect(client, (struct sockaddr *)&address, sizeof address));
	close(server);
	close(client);
	EXPECT(EADDRINUSE, bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address));
}
