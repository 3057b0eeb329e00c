/* Names and paths at their limits, and calls in situations in which they all fail alike. */
#include "posix.h"

void names(void)
{
	static char path[PATH_MAX + 16];
	int file;

	for (int length = 254; length <= 256; length++) {
		int error = length > 255 ? ENAMETOOLONG : 0;
		const char *name = name_of(length);

		about("of %d bytes", length);
		EXPECT(error, file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600));
		close(file);
		EXPECT(error, access(name, F_OK));
		EXPECT(error, rename(name, "short"));
		if (error)
			make_file("short", "");
		EXPECT(error, rename("short", name));
		unlink("short");
		EXPECT(error, link(error ? "." : name, error ? name : "second"));
		EXPECT(error, unlink(name));
		unlink("second");
		EXPECT(error, mkdir(name, 0700));
		EXPECT(error, rmdir(name));
		EXPECT(error, symlink("target", name));
		EXPECT(error, readlink(name, path, sizeof path));
		EXPECT(error, unlink(name));
		EXPECT(error, mkfifo(name, 0600));
		EXPECT(error, unlink(name));
	}

	/* A path's bytes count with the NUL: 4,095 may be given, 4,096 not. */
	make_dir("deep");
	for (int length = 4095; length <= 4096; length++) {
		int error = length > 4095 ? ENAMETOOLONG : 0;
		size_t used = 0;

		about("path of %d bytes", length);
		while (used + 2 <= (size_t)length - 6)
			memcpy(path + used, "./", 2), used += 2;
		while (used < (size_t)length - 5)
			path[used++] = '/';
		strcpy(path + used, "deep/");
		memmove(path + used, "/deep", 6);
		IS(strlen(path), length);
		EXPECT(error, access(path, F_OK));
		EXPECT(error, open(path, O_RDONLY | O_CLOEXEC));
		EXPECT(error, chmod(path, 0700));
		EXPECT(error, rename(path, error ? "x" : "deep"));
		EXPECT(error, rmdir(path));
		EXPECT(error, mkdir(path, 0700));
	}

	/* Directories as deep as a path is long, each step made from within. */
	about("deep tree");
	int depth;
	for (depth = 0; depth < 40; depth++)
		if (mkdir(name_of(200), 0755) || chdir(name_of(200)))
			break;
	IS(depth, 40);
	EXPECT(0, open("bottom", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	EXPECT(0, unlink("bottom"));
	while (depth-- > 0)
		if (chdir("..") || rmdir(name_of(200)))
			break;
	IS(depth, -1);

	about("bytes");
	static const char *odd[] = { " ", "\n", "\xff\xfe", "\x01", "*", "\\", "a:b", "%2F", "...", "-",
		"\xc3\xa9", "e\xcc\x81", ".hidden", "~", "con", "A", "a" };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		EXPECT(0, open(odd[i], O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		EXPECT(0, unlink(odd[i]));

	about("dots");
	make_dir("d");
	EXPECT(EINVAL, rmdir("d/."));
	EXPECT(ENOTEMPTY, rmdir("d/.."));
	EXPECT(EEXIST, mkdir(".", 0700));
	EXPECT(EEXIST, mkdir("..", 0700));
	EXPECT(EEXIST, mkdir("d/", 0700));
	EXPECT(EISDIR, unlink("."));
	EXPECT(EBUSY, rename("d/.", "e"));
	EXPECT(EBUSY, rename("d", "."));
	EXPECT(EBUSY, rename("..", "e"));
	EXPECT(EISDIR, open(".", O_RDWR));
	EXPECT(0, mkdir("slash/", 0700));
	EXPECT(0, rmdir("slash/"));
	make_file("f", "");
	EXPECT(ENOTDIR, open("f/", O_RDONLY));
	EXPECT(EISDIR, open("new/", O_CREAT | O_RDWR, 0600));
	EXPECT(ENOTDIR, unlink("f/"));
	EXPECT(ENOTDIR, access("f/.", F_OK));
	EXPECT(ENOTDIR, rename("f", "g/"));
	EXPECT(0, rename("d", "g/"));
}

enum { CREATES = 1, FOLLOWS = 2, NEEDS_DIR = 4 };

static int call_open(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); }
static int call_create(const char *path) { return open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600); }
static int call_exclusive(const char *path) { return open(path, O_CREAT | O_EXCL | O_WRONLY, 0600); }
static int call_truncating(const char *path) { return open(path, O_WRONLY | O_TRUNC | O_CLOEXEC); }
static int call_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }
static int call_stat(const char *path) { struct stat stat_; return stat(path, &stat_); }
static int call_lstat(const char *path) { struct stat stat_; return lstat(path, &stat_); }
static int call_access(const char *path) 
{
	return faccessat(AT_FDCWD, path, F_OK, AT_EACCESS);
}
static int call_chmod(const char *path) { return chmod(path, 0755); }
static int call_chown(const char *path) { return chown(path, -1, -1); }
static int call_lchown(const char *path) { return lchown(path, -1, -1); }
static int call_utimes(const char *path) { return utimensat(AT_FDCWD, path, NULL, 0); }
static int call_lutimes(const char *path)
{
	return utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}
static int call_truncate(const char *path) { return truncate(path, 0); }
static int call_unlink(const char *path) { return unlink(path); }
static int call_rmdir(const char *path) { return rmdir(path); }
static int call_mkdir(const char *path) { return mkdir(path, 0700); }
static int call_mkfifo(const char *path) { return mkfifo(path, 0600); }
static int call_socket(const char *path) { return mknod(path, S_IFSOCK | 0600, 0); }
static int call_device(const char *path) { return mknod(path, S_IFCHR | 0600, makedev(1, 3)); }
static int call_symlink(const char *path) { return symlink("target", path); }
static int call_link_from(const char *path) { return link(path, "other"); }
static int call_link_to(const char *path) { return link("file", path); }
static int call_rename_from(const char *path) { return rename(path, "other"); }
static int call_rename_to(const char *path) { return rename("file", path); }
static int call_readlink(const char *path) { char text[64]; return readlink(path, text, 64); }
static int call_chdir(const char *path) { return chdir(path); }
static int call_opendir(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
static int call_statfs(const char *path) { struct statvfs room; return statvfs(path, &room); }
static int call_getxattr(const char *path) { char text[8]; return getxattr(path, "user.x", text, 8); }
static int call_listxattr(const char *path) { char text[512]; return listxattr(path, text, 512); }
static int call_setxattr(const char *path) { return setxattr(path, "user.x", "v", 1, 0); }
static int call_removexattr(const char *path) { return removexattr(path, "user.x"); }

static const struct call { const char *name; int (*body)(const char *); int flags; } calls[] = {
	{ "open", call_open, FOLLOWS }, { "open O_CREAT", call_create, CREATES | FOLLOWS },
	{ "open O_EXCL", call_exclusive, CREATES }, { "open O_TRUNC", call_truncating, FOLLOWS },
	{ "open O_PATH", call_path, FOLLOWS },
	{ "stat", call_stat, FOLLOWS }, { "lstat", call_lstat, 0 }, { "access", call_access, FOLLOWS },
	{ "chmod", call_chmod, FOLLOWS }, { "chown", call_chown, FOLLOWS },
	{ "lchown", call_lchown, 0 }, { "utimes", call_utimes, FOLLOWS },
	{ "lutimes", call_lutimes, 0 }, { "truncate", call_truncate, FOLLOWS },
	{ "unlink", call_unlink, 0 }, { "rmdir", call_rmdir, NEEDS_DIR },
	{ "mkdir", call_mkdir, CREATES }, { "mkfifo", call_mkfifo, CREATES },
	{ "mknod socket", call_socket, CREATES }, { "mknod device", call_device, CREATES },
	{ "symlink", call_symlink, CREATES }, { "link from", call_link_from, 0 },
	{ "link to", call_link_to, CREATES }, { "rename from", call_rename_from, 0 },
	{ "rename to", call_rename_to, CREATES }, { "readlink", call_readlink, 0 },
	{ "chdir", call_chdir, FOLLOWS | NEEDS_DIR },
	{ "opendir", call_opendir, FOLLOWS | NEEDS_DIR }, { "statfs", call_statfs, FOLLOWS },
	{ "getxattr", call_getxattr, FOLLOWS }, { "listxattr", call_listxattr, FOLLOWS },
	{ "setxattr", call_setxattr, FOLLOWS }, { "removexattr", call_removexattr, FOLLOWS },
};

static void all(const char *situation, const char *path, int error, int with, int without)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const struct call *call = &calls[i];

		if ((call->flags & with) != with || call->flags & without)
			continue;
		about("%s, %s", situation, call->name);
		errno = 0;
		expect(error, call->body(path), "it fails");
	}
}

void errors(void)
{
	static char path[PATH_MAX + 16];
	/* The two that make no difference to a name that is there. */
	static const char kinds[] = "fdDlps";

	make_file("file", "");
	make_dir("dir");
	make_link("loop", "loop");
	make_link("pool", "loop2");
	make_link("loop2", "pool");
	make_link("nowhere", "dangling");
	make_dir("locked");
	make_file("locked/file", "");
	chmod("locked", 0);
	make_dir("closed");
	make_file("closed/file", "");
	chmod("closed/file", 0666);
	chmod("file", 0666);

	all("a directory that is missing", "none/x", ENOENT, 0, 0);
	all("a file as a directory", "file/x", ENOTDIR, 0, 0);
	all("an empty path", "", ENOENT, 0, 0);
	all("a link to itself", "loop/x", ELOOP, 0, 0);
	all("a link to nowhere", "dangling/x", ENOENT, 0, 0);
	all("a missing file", "none", ENOENT, 0, CREATES);
	all("a link to nowhere at the end", "dangling", ENOENT, FOLLOWS, CREATES);
	all("a link to itself at the end", "loop", ELOOP, FOLLOWS, 0);
	all("a file at the end", "file", ENOTDIR, NEEDS_DIR, 0);
	all("a name of 256 bytes", name_of(256), ENAMETOOLONG, 0, 0);
	snprintf(path, sizeof path, "%s/x", name_of(256));
	all("a directory's name of 256 bytes", path, ENAMETOOLONG, 0, 0);
	all("a path of 4,096 bytes", name_of(4096), ENAMETOOLONG, 0, 0);

	for (const char *kind = kinds; *kind; kind++) {
		make(*kind, "there");
		for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
			if (!(calls[i].flags & CREATES) || calls[i].flags & FOLLOWS ||
			    calls[i].body == call_rename_to)
				continue;
			about("a name that stands for %c, %s", *kind, calls[i].name);
			errno = 0;
			expect(EEXIST, calls[i].body("there"), "it fails");
		}
		clear("there");
	}

	about("a link in a circle");
	EXPECT(ELOOP, open("pool/x", O_RDONLY));
	EXPECT(ELOOP, open("pool", O_RDONLY));

	be(1000, 1000);
	all("a directory without search", "locked/file", EACCES, 0, 0);
	all("a missing name without search", "locked/none", EACCES, 0, 0);
	all("a directory without write", "closed/none", EACCES, CREATES, 0);
	be_root();
	about("a directory without write");
	EXPECT_AS(1000, 1000, EACCES, unlink("closed/file"));
	EXPECT_AS(1000, 1000, EACCES, rename("closed/file", "x"));
	EXPECT_AS(1000, 1000, EACCES, rename("file", "closed/file"));
	EXPECT_AS(1000, 1000, EACCES, link("file", "closed/link"));
	EXPECT_AS(1000, 1000, 0, link("closed/file", "link"));
	chmod("locked", 0755);
}
