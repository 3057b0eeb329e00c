/* A tree that nobody can change: every call that would change it says EROFS, and reading goes on. */
#include "posix.h"

void sample(void)
{
	make_file("file", "text");
	make_file("other", "");
	make_dir("dir");
	make_file("dir/inside", "inside");
	make_dir("empty");
	make_link("file", "link");
	make_link("nowhere", "dangling");
	if (link("file", "twin") || chmod("file", 0644) || mkfifo("fifo", 0644))
		perror("sample");
	setxattr("file", "user.word", "value", 5, 0);
}

static const struct { const char *name; int flags; } openings[] = {
	{ "O_WRONLY", O_WRONLY }, { "O_RDWR", O_RDWR }, { "O_WRONLY|O_APPEND", O_WRONLY | O_APPEND },
	{ "O_WRONLY|O_TRUNC", O_WRONLY | O_TRUNC }, { "O_RDONLY|O_TRUNC", O_TRUNC },
	{ "O_RDWR|O_CREAT", O_RDWR | O_CREAT }, { "O_WRONLY|O_CREAT|O_TRUNC", O_WRONLY | O_CREAT | O_TRUNC },
};

static void files(void)
{
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		about("open %s:", openings[i].name);
		EXPECT(EROFS, open("file", openings[i].flags, 0644));
		EXPECT(EROFS, open("dir/inside", openings[i].flags, 0644));
		EXPECT(EROFS, open("link", openings[i].flags, 0644));
	}
	about("a new name:");
	EXPECT(EROFS, open("new", O_WRONLY | O_CREAT, 0644));
	EXPECT(EROFS, open("new", O_RDONLY | O_CREAT, 0644));
	EXPECT(EROFS, open("dir/new", O_RDWR | O_CREAT | O_EXCL, 0600));
	EXPECT(EROFS, open("dangling", O_WRONLY | O_CREAT, 0644));
	EXPECT(EROFS, mkdir("new", 0755));
	EXPECT(EROFS, mkfifo("new", 0644));
	EXPECT(EROFS, mknod("new", S_IFREG | 0644, 0));
	EXPECT(EROFS, mknod("new", S_IFCHR | 0644, makedev(1, 3)));
	EXPECT(EROFS, mknod("dir/new", S_IFSOCK | 0644, 0));
	EXPECT(EROFS, symlink("file", "new"));
	EXPECT(EROFS, link("file", "new"));
	EXPECT(EROFS, link("file", "dir/new"));
	about("a name that is there:");
	EXPECT(EEXIST, mkdir("dir", 0755));
	EXPECT(EEXIST, open("file", O_WRONLY | O_CREAT | O_EXCL, 0644));
	EXPECT(EEXIST, symlink("x", "link"));
	EXPECT(EEXIST, link("other", "file"));
	EXPECT(0, close(open("file", O_RDONLY | O_CREAT, 0644)));
	EXPECT(EROFS, truncate("file", 0));
	EXPECT(EROFS, truncate("file", 4));
	EXPECT(EROFS, truncate("file", 1000));
	EXPECT(EROFS, truncate("link", 0));
	EXPECT(EROFS, unlink("file"));
	EXPECT(EROFS, unlink("twin"));
	EXPECT(EROFS, unlink("link"));
	EXPECT(EROFS, unlink("fifo"));
	EXPECT(EROFS, unlink("dir/inside"));
	EXPECT(EROFS, rmdir("empty"));
	about("a name that is not:");
	EXPECT(ENOENT, truncate("missing", 0));
	EXPECT(ENOENT, open("missing", O_WRONLY));
	EXPECT(ENOENT, chmod("missing", 0600));
}

static void moves(void)
{
	about("%s", "rename:");
	EXPECT(EROFS, rename("file", "new"));
	EXPECT(EROFS, rename("file", "other"));
	EXPECT(EROFS, rename("file", "dir/new"));
	EXPECT(EROFS, rename("dir/inside", "new"));
	EXPECT(EROFS, rename("dir", "new"));
	EXPECT(EROFS, rename("dir", "empty"));
	EXPECT(EROFS, rename("link", "new"));
	EXPECT(EROFS, rename("fifo", "new"));
}

static void attributes_of(const char *path)
{
	struct timespec times[2] = { { 1, 0 }, { 2, 0 } };

	about("%s:", path);
	EXPECT(EROFS, chmod(path, 0600));
	EXPECT(EROFS, chown(path, 1, 2));
	EXPECT(EROFS, chown(path, 0, -1));
	EXPECT(EROFS, lchown(path, 1, -1));
	EXPECT(EROFS, utimensat(AT_FDCWD, path, times, 0));
	EXPECT(EROFS, utimensat(AT_FDCWD, path, NULL, 0));
	EXPECT(EROFS, utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static void open_ones(void)
{
	struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	int file = open("file", O_RDONLY), dir = open("dir", O_RDONLY | O_DIRECTORY);

	about("%s", "an open file:");
	EXPECT(EROFS, fchmod(file, 0600));
	EXPECT(EROFS, fchown(file, 1, 2));
	EXPECT(EROFS, futimens(file, times));
	EXPECT(EROFS, fchmod(dir, 0700));
	EXPECT(EROFS, fchown(dir, 1, 2));
	EXPECT(EROFS, futimens(dir, times));
	EXPECT(EROFS, openat(dir, "new", O_WRONLY | O_CREAT, 0644));
	EXPECT(EROFS, mkdirat(dir, "new", 0755));
	EXPECT(EROFS, unlinkat(dir, "inside", 0));
	EXPECT(EROFS, renameat(dir, "inside", dir, "new"));
	EXPECT(EROFS, linkat(dir, "inside", dir, "new", 0));
	EXPECT(EROFS, symlinkat("x", dir, "new"));
	EXPECT(EBADF, write(file, "x", 1));
	EXPECT(EINVAL, ftruncate(file, 0));
	EXPECT(0, fsync(file));
	EXPECT(0, flock(file, LOCK_SH | LOCK_NB));
	IS((long)mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), (long)MAP_FAILED);
	WAS(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0) != MAP_FAILED);
	close(dir);
	close(file);
}

static void extended(void)
{
	char value[16];

	about("%s", "extended attributes:");
	/* Where there are none, none can be set either. */
	if (getxattr("file", "user.word", value, sizeof value) < 0)
		return;
	EXPECT(EROFS, setxattr("file", "user.word", "other", 5, 0));
	EXPECT(EROFS, setxattr("file", "user.new", "x", 1, XATTR_CREATE));
	EXPECT(EROFS, setxattr("dir", "user.new", "x", 1, 0));
	EXPECT(EROFS, removexattr("file", "user.word"));
	IS(getxattr("file", "user.word", value, sizeof value), 5);
}

void readonly(void)
{
	struct stat before = look("file"), after;
	struct statvfs room;

	files();
	moves();
	attributes_of("file");
	attributes_of("dir");
	attributes_of("fifo");
	open_ones();
	extended();

	about("%s", "access:");
	EXPECT(EROFS, access("file", W_OK));
	EXPECT(EROFS, access("dir", W_OK));
	EXPECT(0, access("file", R_OK));
	EXPECT(0, access("dir", R_OK | X_OK));
	about("%s", "a user:");
	EXPECT_AS(1000, 1000, EACCES, open("file", O_WRONLY));
	EXPECT_AS(1000, 1000, 0, close(open("file", O_RDONLY)));

	about("%s", "what is there:");
	WAS(!strcmp(text_of("file"), "text"));
	WAS(!strcmp(text_of("link"), "text"));
	WAS(!strcmp(text_of("dir/inside"), "inside"));
	after = look("file");
	IS(after.st_mode, before.st_mode);
	IS(after.st_size, 4);
	IS(after.st_nlink, 2);
	IS(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	IS(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
	IS(look("new").st_mode, 0);
	IS(look("dir/new").st_mode, 0);
	EXPECT(0, statvfs(".", &room));
	WAS(room.f_flag & ST_RDONLY);
}
