/* Times: what each call moves on and what it leaves, and what utimensat(2) sets. */
#include "posix.h"

static int file;

static int do_chmod(void) { return chmod("d/f", 0600); }
static int do_fchmod(void) { return fchmod(file, 0640); }
static int do_chown(void) { return chown("d/f", 1, 1); }
static int do_link(void) { return link("d/f", "d/g"); }
static int do_rename(void) { return rename("d/f", "d/h"); }
static int do_rename_over(void) { return rename("d/f", "d/o"); }
static int do_move(void) { return rename("d/f", "e/f"); }
static int do_unlink(void) { return unlink("d/l"); }
static int do_write(void) { return write(file, "x", 1); }
static int do_write_nothing(void) { return write(file, "", 0); }
static int do_truncate(void) { return truncate("d/f", 2); }
static int do_truncate_same(void) { return truncate("d/f", 4); }
static int do_ftruncate(void) { return ftruncate(file, 9); }
static int do_open_truncating(void) { return close(open("d/f", O_WRONLY | O_TRUNC)); }
static int do_open(void) { return close(open("d/f", O_RDWR)); }
static int do_open_creating(void) { return close(open("d/f", O_CREAT | O_RDWR, 0600)); }
static int do_create(void) { return close(open("d/n", O_CREAT | O_RDWR, 0600)); }
static int do_mkdir(void) { return mkdir("d/n", 0700); }
static int do_rmdir(void) { return rmdir("d/s"); }
static int do_symlink(void) { return symlink("x", "d/n"); }
static int do_mkfifo(void) { return mkfifo("d/n", 0600); }
static int do_read(void) { char byte; return read(file, &byte, 1); }
static int do_setxattr(void) { return setxattr("d/f", "user.x", "v", 1, 0); }
static int do_utimes(void) { return utimensat(AT_FDCWD, "d/f", (struct timespec[2]){ { 5, 0 }, { 6, 0 } }, 0); }
static int fail_chmod(void) { be(1000, 1000); int r = chmod("d/f", 0777); be_root(); return !r; }
static int fail_chown(void) { be(1000, 1000); int r = chown("d/f", 1000, 1000); be_root(); return !r; }
static int fail_unlink(void) { be(1000, 1000); int r = unlink("d/f"); be_root(); return !r; }
static int fail_link(void) { return !link("d/f", "d/o"); }
static int fail_mkdir(void) { return !mkdir("d/f", 0700); }
static int fail_rmdir(void) { return !rmdir("d/f"); }
static int fail_truncate(void) { be(1000, 1000); int r = truncate("d/f", 0); be_root(); return !r; }
static int do_stat(void) { struct stat s; return stat("d/f", &s); }
static int do_mmap(void)
{
	char *bytes = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (bytes == MAP_FAILED)
		return -1;
	bytes[0] = 'M';
	return msync(bytes, 1, MS_SYNC) || munmap(bytes, 1) ? -1 : 0;
}

/* m and c: the time moves on. Of the file, its directory d, and the directory e. */
static const struct { const char *name; int (*body)(void); const char *file, *dir, *other; } changes[] = {
	{ "chmod", do_chmod, "c", "", "" }, { "fchmod", do_fchmod, "c", "", "" },
	{ "chown", do_chown, "c", "", "" }, { "link", do_link, "c", "mc", "" },
	{ "rename", do_rename, "c", "mc", "" }, { "rename over", do_rename_over, "c", "mc", "" },
	{ "rename away", do_move, "c", "mc", "mc" }, { "unlink of a second name", do_unlink, "c", "mc", "" },
	{ "write", do_write, "mc", "", "" }, { "write of nothing", do_write_nothing, "", "", "" },
	{ "truncate", do_truncate, "mc", "", "" }, { "truncate to the same", do_truncate_same, "mc", "", "" },
	{ "ftruncate", do_ftruncate, "mc", "", "" }, { "open O_TRUNC", do_open_truncating, "mc", "", "" },
	{ "open", do_open, "", "", "" }, { "open O_CREAT of what is there", do_open_creating, "", "", "" },
	{ "open O_CREAT", do_create, "", "mc", "" }, { "mkdir", do_mkdir, "", "mc", "" },
	{ "rmdir", do_rmdir, "", "mc", "" }, { "symlink", do_symlink, "", "mc", "" },
	{ "mkfifo", do_mkfifo, "", "mc", "" }, { "read", do_read, "", "", "" },
	{ "setxattr", do_setxattr, "c", "", "" }, { "stat", do_stat, "", "", "" },
	{ "utimensat", do_utimes, "mc", "", "" }, { "chmod that fails", fail_chmod, "", "", "" },
	{ "chown that fails", fail_chown, "", "", "" }, { "unlink that fails", fail_unlink, "", "", "" },
	{ "link that fails", fail_link, "", "", "" }, { "mkdir that fails", fail_mkdir, "", "", "" },
	{ "rmdir that fails", fail_rmdir, "", "", "" }, { "truncate that fails", fail_truncate, "", "", "" },
	{ "a shared mapping", do_mmap, "mc", "", "" },
};

static bool moved(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec;
}

static struct stat look_open(int file)
{
	struct stat stat;

	if (fstat(file, &stat))
		memset(&stat, 0, sizeof stat);
	return stat;
}

void times(void)
{
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		make_dir("d");
		make_dir("e");
		make_dir("d/s");
		make_file("d/f", "text");
		make_file("d/o", "");
		if (link("d/f", "d/l"))
			return;
		file = open("d/f", O_RDWR);
		int dir = open("d", O_RDONLY), other = open("e", O_RDONLY);
		struct stat f = look_open(file), d = look_open(dir), e = look_open(other);
		tick();
		about("%s", changes[i].name);
		WAS(changes[i].body() != -1);
		struct stat f2 = look_open(file), d2 = look_open(dir), e2 = look_open(other);
		IS(moved(f.st_mtim, f2.st_mtim), strchr(changes[i].file, 'm') != NULL);
		IS(moved(f.st_ctim, f2.st_ctim), strchr(changes[i].file, 'c') != NULL);
		IS(moved(d.st_mtim, d2.st_mtim), strchr(changes[i].dir, 'm') != NULL);
		IS(moved(d.st_ctim, d2.st_ctim), strchr(changes[i].dir, 'c') != NULL);
		IS(moved(e.st_mtim, e2.st_mtim), strchr(changes[i].other, 'm') != NULL);
		WAS(f2.st_ctim.tv_sec >= f.st_ctim.tv_sec);
		close(file);
		close(dir);
		close(other);
		clear("d");
		clear("e");
	}
}

static int set(const char *path, time_t a, long an, time_t m, long mn)
{
	return utimensat(AT_FDCWD, path, (struct timespec[2]){ { a, an }, { m, mn } }, AT_SYMLINK_NOFOLLOW);
}

void stamps(void)
{
	static const time_t seconds[] = { 0, 1, 1000000000, 2147483647, 2147483648, 4294967301, -1, -1000000 };
	struct stat s;

	for (const char *type = "fdplsc"; *type; type++) {
		make(*type, "x");
		for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
			about("%c, %lld s", *type, (long long)seconds[i]);
			EXPECT(0, set("x", seconds[i], 0, seconds[i], 0));
			s = look("x");
			IS(s.st_atim.tv_sec, seconds[i]);
			IS(s.st_mtim.tv_sec, seconds[i]);
		}
		about("%c", *type);
		EXPECT(0, set("x", 100, 123456789, 200, 987654321));
		s = look("x");
		IS(s.st_atim.tv_sec, 100);
		IS(s.st_mtim.tv_sec, 200);
		about("%c, nanoseconds", *type);
		IS(s.st_atim.tv_nsec, 123456789);
		IS(s.st_mtim.tv_nsec, 987654321);
		about("%c", *type);
		EXPECT(0, set("x", 0, UTIME_OMIT, 300, 0));
		s = look("x");
		IS(s.st_atim.tv_sec, 100);
		IS(s.st_mtim.tv_sec, 300);
		EXPECT(0, set("x", 400, 0, 0, UTIME_OMIT));
		s = look("x");
		IS(s.st_atim.tv_sec, 400);
		IS(s.st_mtim.tv_sec, 300);
		EXPECT(0, set("x", 0, UTIME_OMIT, 0, UTIME_OMIT));
		EXPECT(0, set("x", 0, UTIME_NOW, 0, UTIME_OMIT));
		s = look("x");
		WAS(s.st_atim.tv_sec > 1000000000);
		IS(s.st_mtim.tv_sec, 300);
		EXPECT(0, set("x", 0, UTIME_NOW, 0, UTIME_NOW));
		s = look("x");
		WAS(s.st_mtim.tv_sec > 1000000000 && s.st_mtim.tv_sec == s.st_ctim.tv_sec);
		EXPECT(EINVAL, set("x", 0, 1000000000, 0, 0));
		EXPECT(EINVAL, set("x", 0, 0, 0, -1));
		lchown("x", 1000, 1000);
		EXPECT_AS(1000, 1000, 0, set("x", 5, 0, 6, 0));
		EXPECT_AS(1001, 1000, EPERM, set("x", 7, 0, 8, 0));
		EXPECT_AS(1001, 1000, EPERM, set("x", 0, UTIME_NOW, 0, UTIME_OMIT));
		if (*type != 'l') {
			chmod("x", 0644);
			EXPECT_AS(1001, 1000, EACCES, set("x", 0, UTIME_NOW, 0, UTIME_NOW));
			chmod("x", 0646);
			EXPECT_AS(1001, 3000, 0, set("x", 0, UTIME_NOW, 0, UTIME_NOW));
			chmod("x", 0444);
			EXPECT_AS(1000, 1000, 0, set("x", 0, UTIME_NOW, 0, UTIME_NOW));
		}
		clear("x");
	}
	about("an open file");
	make_file("f", "");
	file = open("f", O_RDONLY);
	EXPECT(0, futimens(file, (struct timespec[2]){ { 11, 0 }, { 12, 0 } }));
	IS(look("f").st_mtim.tv_sec, 12);
	close(file);
	about("through a link");
	make_link("f", "l");
	EXPECT(0, utimensat(AT_FDCWD, "l", (struct timespec[2]){ { 21, 0 }, { 22, 0 } }, 0));
	IS(look("f").st_mtim.tv_sec, 22);
	WAS(look("l").st_mtim.tv_sec > 1000);
	about("a time that was set");
	file = open("f", O_WRONLY);
	EXPECT(0, set("f", 31, 0, 32, 0));
	close(file);
	IS(look("f").st_mtim.tv_sec, 32);
	file = open("f", O_WRONLY);
	IS(write(file, "x", 1), 1);
	EXPECT(0, futimens(file, (struct timespec[2]){ { 41, 0 }, { 42, 0 } }));
	close(file);
	IS(look("f").st_mtim.tv_sec, 42);
}
