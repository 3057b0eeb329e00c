/* What is made, what it is like then, and what open(2) makes of its flags. */
#include "posix.h"

static bool makes(char type, const char *path, mode_t mode)
{
	switch (type) {
	case 'f': return close(open(path, O_CREAT | O_EXCL | O_WRONLY, mode)) == 0;
	case 'd': return mkdir(path, mode) == 0;
	case 'p': return mkfifo(path, mode) == 0;
	case 's': return mknod(path, S_IFSOCK | mode, 0) == 0;
	case 'c': return mknod(path, S_IFCHR | mode, makedev(1, 3)) == 0;
	case 'r': return mknod(path, S_IFREG | mode, 0) == 0;
	default: return symlink("target", path) == 0;
	}
}

void creation(void)
{
	static const mode_t masks[] = { 0, 022, 077, 0151, 0777 };
	static const char types[] = "fdpscrl";
	static const mode_t formats[] = { S_IFREG, S_IFDIR, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFREG, S_IFLNK };

	for (size_t t = 0; types[t]; t++) {
		for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
			about("%c with umask 0%o", types[t], masks[m]);
			umask(masks[m]);
			WAS(makes(types[t], "x", 0777));
			IS(look("x").st_mode & S_IFMT, formats[t]);
			IS(mode_of("x"), types[t] == 'l' ? 0777 : 0777 & ~masks[m]);
			clear("x");
		}
		umask(022);
		about("%c", types[t]);
		be(1000, 1001);
		WAS(types[t] == 'c' || makes(types[t], "mine", 0640));
		be_root();
		if (types[t] != 'c') {
			IS(look("mine").st_uid, 1000);
			IS(look("mine").st_gid, 1001);
			clear("mine");
		}

		/* A set-group-id directory hands its group down. */
		make_dir("shared");
		chown("shared", 5, 7);
		chmod("shared", 02777);
		WAS(makes(types[t], "shared/x", 0755));
		IS(look("shared/x").st_gid, 7);
		IS(look("shared/x").st_uid, 0);
		IS(mode_of("shared/x") & 02000, types[t] == 'd' ? 02000 : 0);
		clear("shared");

		/* Times of what is made, and of where. */
		make_dir("in");
		struct stat before = look("in");
		tick();
		WAS(makes(types[t], "in/x", 0755));
		struct stat after = look("in"), made = look("in/x");
		WAS(after.st_mtim.tv_sec > before.st_mtim.tv_sec || after.st_mtim.tv_nsec != before.st_mtim.tv_nsec);
		WAS(after.st_ctim.tv_sec > before.st_ctim.tv_sec || after.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
		WAS(made.st_ctim.tv_sec > before.st_ctim.tv_sec || made.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
		WAS(made.st_mtim.tv_sec == made.st_ctim.tv_sec && made.st_atim.tv_sec == made.st_ctim.tv_sec);
		WAS(types[t] == 'd' || made.st_nlink == 1);
		IS(made.st_size, types[t] == 'l' ? 6 : types[t] == 'd' ? made.st_size : 0);
		clear("in");
	}

	about("modes");
	umask(0);
	static const mode_t modes_[] = { 0, 01, 0200, 0444, 0600, 01777, 04711, 02711, 07777 };
	for (size_t m = 0; m < sizeof modes_ / sizeof *modes_; m++) {
		about("file of mode 0%o", modes_[m]);
		EXPECT(0, mknod("x", S_IFREG | modes_[m], 0));
		IS(mode_of("x"), modes_[m]);
		clear("x");
		about("directory of mode 0%o", modes_[m]);
		EXPECT(0, mkdir("x", modes_[m]));
		IS(mode_of("x"), modes_[m] & 01777);
		rmdir("x");
	}
	about("%s", "");
	int file;
	EXPECT(0, file = open("readable", O_CREAT | O_RDWR, 0400));
	IS(write(file, "x", 1), 1);
	close(file);
	EXPECT_AS(1000, 1000, 0, file = open("unreadable", O_CREAT | O_RDWR, 0));
	IS(write(file, "x", 1), 1);
	close(file);
	EXPECT_AS(1000, 1000, EACCES, open("unreadable", O_RDONLY));
	umask(022);
}

void opening(void)
{
	char byte;
	int file, other;

	make_file("f", "text");
	make_dir("d");
	make_link("f", "to file");
	make_link("d", "to dir");
	make_link("made", "to nothing");
	make('p', "p");
	make('s', "s");

	EXPECT(EEXIST, open("f", O_CREAT | O_EXCL | O_WRONLY, 0600));
	EXPECT(EEXIST, open("d", O_CREAT | O_EXCL | O_WRONLY, 0600));
	EXPECT(EEXIST, open("to file", O_CREAT | O_EXCL | O_WRONLY, 0600));
	EXPECT(EEXIST, open("to nothing", O_CREAT | O_EXCL | O_WRONLY, 0600));
	EXPECT(ELOOP, open("to file", O_RDONLY | O_NOFOLLOW));
	EXPECT(0, open("to file", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	EXPECT(ENOTDIR, open("f", O_RDONLY | O_DIRECTORY));
	EXPECT(0, open("to dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	EXPECT(EISDIR, open("d", O_WRONLY));
	EXPECT(EISDIR, open("d", O_RDWR));
	EXPECT(EISDIR, open("d", O_RDONLY | O_TRUNC));
	EXPECT(EISDIR, open("d", O_CREAT | O_WRONLY, 0600));
	EXPECT(ENXIO, open("p", O_WRONLY | O_NONBLOCK));
	EXPECT(0, close(open("p", O_RDONLY | O_NONBLOCK)));
	EXPECT(ENXIO, open("s", O_RDWR));
	EXPECT(0, close(open("to nothing", O_CREAT | O_WRONLY, 0600)));
	IS(mode_of("made"), 0600);
	EXPECT(0, close(open("f", O_CREAT | O_WRONLY, 0)));
	IS(mode_of("f"), 0644);
	IS(look("f").st_size, 4);
	EXPECT(0, close(open("f", O_CREAT | O_WRONLY | O_TRUNC, 0)));
	IS(look("f").st_size, 0);

	EXPECT(0, file = open("f", O_RDONLY));
	EXPECT(EBADF, write(file, "x", 1));
	EXPECT(EINVAL, ftruncate(file, 0));
	close(file);
	EXPECT(0, file = open("f", O_WRONLY));
	EXPECT(EBADF, read(file, &byte, 1));
	close(file);
	EXPECT(0, file = open("d", O_RDONLY));
	EXPECT(EISDIR, read(file, &byte, 1));
	EXPECT(EBADF, write(file, "x", 1));
	EXPECT(0, other = openat(file, "inner", O_CREAT | O_WRONLY, 0644));
	EXPECT(0, mkdirat(file, "sub", 0755));
	EXPECT(0, symlinkat("x", file, "sym"));
	EXPECT(0, renameat(file, "inner", file, "moved"));
	EXPECT(0, fchmodat(file, "moved", 0600, 0));
	IS(mode_of("d/moved"), 0600);
	EXPECT(EISDIR, unlinkat(file, "sub", 0));
	EXPECT(ENOTDIR, unlinkat(file, "moved", AT_REMOVEDIR));
	EXPECT(0, unlinkat(file, "sub", AT_REMOVEDIR));
	EXPECT(0, fsync(file));
	close(other);
	close(file);
	EXPECT(ENOTDIR, openat(0, "x", O_RDONLY));

	about("a file that runs");
	int in = open("/proc/self/exe", O_RDONLY), out = open("program", O_CREAT | O_WRONLY, 0755);
	static char buffer[65536];
	ssize_t count;
	while ((count = read(in, buffer, sizeof buffer)) > 0)
		if (write(out, buffer, count) != count)
			break;
	close(in);
	close(out);
	IS(count, 0);
	/* It has been run once its end of `started` is closed, and runs until its input ends. */
	int started[2], input[2];
	WAS(pipe2(started, O_CLOEXEC) == 0 && pipe2(input, O_CLOEXEC) == 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(input[0], 0);
		execl("./program", "program", "-w", NULL);
		_exit(9);
	}
	close(started[1]);
	IS(read(started[0], &byte, 1), 0);
	EXPECT(ETXTBSY, open("program", O_WRONLY));
	EXPECT(ETXTBSY, open("program", O_RDWR));
	EXPECT(ETXTBSY, truncate("program", 0));
	EXPECT(0, rename("program", "running"));
	EXPECT(0, rename("running", "program"));
	close(input[0]);
	close(input[1]);
	int status;
	waitpid(child, &status, 0);
	IS(status, 0);
	close(started[0]);
	EXPECT(0, close(open("program", O_WRONLY)));
	chmod("program", 0644);
	EXPECT(EACCES, execl("./program", "program", NULL));
	EXPECT(EACCES, execl("./d", "d", NULL));
	chmod("program", 0711);
	EXPECT_AS(1000, 1000, EACCES, open("program", O_RDONLY));
	WAS((be(1000, 1000), access("program", X_OK)) == 0);
	be_root();

	about("O_TMPFILE");
	EXPECT(0, file = open(".", O_TMPFILE | O_RDWR, 0600));
	close(file);
}
