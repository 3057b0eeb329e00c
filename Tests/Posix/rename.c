/* rename(2) in all combinations, and links of both kinds. */
#include "posix.h"

/* What is at the new name: as `make` has it, and - for nothing, = for another name of the same. */
static int outcome(char from, char to)
{
	bool is_dir = from == 'd' || from == 'D';

	switch (to) {
	case '-': case '=': return 0;
	case 'd': return is_dir ? 0 : EISDIR;
	case 'D': return is_dir ? ENOTEMPTY : EISDIR;
	default: return is_dir ? ENOTDIR : 0;
	}
}

static void one_rename(char from, char to, const char *target)
{
	int error = outcome(from, to);

	if (to == '=' && (from == 'd' || from == 'D'))
		return;
	about("%c over %c, %s", from, to, *target == 'd' ? "another directory" : "the same directory");
	make_dir("dir");
	make(from, "from");
	struct stat old = look("from"), there;
	if (to == '=') {
		if (link("from", target))
			return;
	} else if (to != '-')
		make(to, target);
	there = look(target);
	EXPECT(error, rename("from", target));
	if (error || to == '=') {
		IS(look("from").st_ino, old.st_ino);
		IS(look(target).st_ino, there.st_ino);
	} else {
		EXPECT(ENOENT, access("from", F_OK));
		IS(look(target).st_ino, old.st_ino);
		IS(look(target).st_mode, old.st_mode);
		if (from == 'D') {
			char inside[64];
			snprintf(inside, sizeof inside, "%s/inside", target);
			EXPECT(0, access(inside, F_OK));
		}
		if (from == 'f')
			WAS(strcmp(text_of(target), "text") == 0);
	}
	clear("from");
	clear("to");
	clear("dir");
}

void renames(void)
{
	for (const char *from = "fplsdD"; *from; from++)
		for (const char *to = "-=fplsdD"; *to; to++) {
			one_rename(*from, *to, "to");
			one_rename(*from, *to, "dir/to");
		}

	about("itself");
	make_file("f", "");
	make_dir("d");
	make_dir("d/e");
	make_dir("d/e/f");
	EXPECT(0, rename("f", "f"));
	EXPECT(0, rename("d", "d"));
	EXPECT(EINVAL, rename("d", "d/x"));
	EXPECT(EINVAL, rename("d", "d/e/f"));
	EXPECT(EINVAL, rename("d", "d/e/x"));
	EXPECT(ENOTEMPTY, rename("d/e/f", "d"));
	EXPECT(ENOTEMPTY, rename("d/e", "d"));
	EXPECT(EBUSY, rename(".", "x"));

	about("a directory that is open");
	int directory = open("d/e", O_RDONLY | O_DIRECTORY);
	EXPECT(0, rename("d/e", "moved"));
	EXPECT(0, faccessat(directory, "f", F_OK, 0));
	EXPECT(0, mkdirat(directory, "new", 0755));
	EXPECT(0, access("moved/new", F_OK));
	EXPECT(0, fchdir(directory));
	EXPECT(0, access("../f", F_OK));
	EXPECT(0, chdir(".."));
	close(directory);

	about("a file that is open");
	int file = open("f", O_RDWR);
	EXPECT(0, rename("f", "moved/file"));
	IS(write(file, "later", 5), 5);
	WAS(strcmp(text_of("moved/file"), "later") == 0);
	EXPECT(0, fchmod(file, 0600));
	IS(mode_of("moved/file"), 0600);
	make_file("over", "over");
	int old = open("over", O_RDONLY);
	char text[8] = "";
	EXPECT(0, rename("moved/file", "over"));
	IS(read(old, text, sizeof text), 4);
	struct stat stat;
	EXPECT(0, fstat(old, &stat));
	IS(stat.st_nlink, 0);
	close(old);
	close(file);

	about("links");
	make_file("target", "t");
	make_link("target", "l");
	make_link("other", "m");
	EXPECT(0, rename("l", "m"));
	EXPECT(0, access("m", F_OK));
	EXPECT(0, rename("m", "moved/m"));
	EXPECT(ENOENT, access("moved/m", F_OK));
	IS(look("target").st_nlink, 1);
	EXPECT(0, link("target", "second"));
	make_file("third", "");
	EXPECT(0, rename("third", "second"));
	IS(look("target").st_nlink, 1);

	about("renameat2");
	make_file("a", "a");
	make_file("b", "b");
	EXPECT(EEXIST, renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
	EXPECT(0, renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	EXPECT(0, renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_EXCHANGE));
	EXPECT(EXDEV, rename("b", "/proc/x"));
	EXPECT(EXDEV, link("/proc/version", "x"));

	about("a long way");
	make_dir("w");
	make_dir("w/1");
	make_dir("w/1/2");
	make_file("w/1/2/f", "deep");
	EXPECT(0, rename("w/1/2", "w/two"));
	EXPECT(0, rename("w/1", "w/two/1"));
	EXPECT(0, rename("w/two", "w/1"));
	WAS(strcmp(text_of("w/1/f"), "deep") == 0);
	EXPECT(0, access("w/1/1", F_OK));
}

void links(void)
{
	char text[PATH_MAX + 16];

	about("hard");
	for (const char *type = "fpslc"; *type; type++) {
		about("hard, %c", *type);
		make(*type, "a");
		EXPECT(0, link("a", "b"));
		IS(look("a").st_nlink, 2);
		IS(look("b").st_nlink, 2);
		IS(look("a").st_ino, look("b").st_ino);
		IS(look("a").st_mode, look("b").st_mode);
		make_dir("d");
		EXPECT(0, link("b", "d/c"));
		IS(look("a").st_nlink, 3);
		EXPECT(EEXIST, link("a", "b"));
		EXPECT(0, lchown("d/c", 5, 6));
		IS(look("a").st_uid, 5);
		if (*type != 'l') {
			EXPECT(0, chmod("b", 0600));
			IS(mode_of("a"), 0600);
			IS(mode_of("d/c"), 0600);
		}
		EXPECT(0, unlink("a"));
		IS(look("b").st_nlink, 2);
		EXPECT(0, unlink("d/c"));
		IS(look("b").st_nlink, 1);
		EXPECT(0, unlink("b"));
		EXPECT(0, rmdir("d"));
	}
	about("hard");
	make_file("f", "text");
	make_dir("d");
	EXPECT(EPERM, link("d", "e"));
	EXPECT(EPERM, link(".", "e"));
	EXPECT(ENOENT, link("none", "e"));
	EXPECT(EEXIST, link("f", "f"));
	EXPECT(EEXIST, link("f", "d"));
	EXPECT(0, link("f", "g"));
	int file = open("g", O_WRONLY | O_APPEND);
	IS(write(file, "+", 1), 1);
	close(file);
	WAS(strcmp(text_of("f"), "text+") == 0);
	EXPECT(0, truncate("f", 2));
	WAS(strcmp(text_of("g"), "te") == 0);
	make_link("f", "sym");
	EXPECT(0, linkat(AT_FDCWD, "sym", AT_FDCWD, "to link", 0));
	WAS(S_ISLNK(look("to link").st_mode));
	EXPECT(0, linkat(AT_FDCWD, "sym", AT_FDCWD, "to file", AT_SYMLINK_FOLLOW));
	IS(look("to file").st_ino, look("f").st_ino);
	int many;
	for (many = 0; many < 200; many++) {
		snprintf(text, sizeof text, "many%d", many);
		if (link("f", text))
			break;
	}
	IS(many, 200);
	IS(look("f").st_nlink, 203);

	about("symbolic");
	EXPECT(ENOENT, symlink("", "empty"));
	EXPECT(ENAMETOOLONG, symlink(name_of(4096), "long"));
	EXPECT(0, symlink(name_of(4095), "long"));
	IS(readlink("long", text, sizeof text), 4095);
	IS(look("long").st_size, 4095);
	IS(readlink("sym", text, sizeof text), 1);
	IS(look("sym").st_size, 1);
	EXPECT(EINVAL, readlink("f", text, sizeof text));
	EXPECT(EINVAL, readlink("d", text, sizeof text));
	make_link("\xff\n /..//x", "odd");
	IS(readlink("odd", text, sizeof text), 9);
	WAS(memcmp(text, "\xff\n /..//x", 9) == 0);
	IS(readlink("odd", text, 3), 3);
	make_link("d", "dir");
	EXPECT(0, mkdir("dir/inner", 0755));
	EXPECT(0, access("d/inner", F_OK));
	EXPECT(ENOTDIR, rmdir("dir"));
	EXPECT(EISDIR, unlink("d"));
	EXPECT(0, unlink("dir"));
	EXPECT(0, access("d", F_OK));
	make_link("l1", "l0");
	for (int i = 1; i < 42; i++) {
		char name[8], next[8];
		snprintf(name, sizeof name, "l%d", i);
		snprintf(next, sizeof next, "l%d", i + 1);
		if (i < 41)
			make_link(next, name);
		else
			make_file(name, "");
	}
	EXPECT(ELOOP, access("l0", F_OK));
	EXPECT(0, access("l1", F_OK));
	EXPECT(0, unlink("l0"));

	about("rmdir");
	make('D', "full");
	EXPECT(ENOTEMPTY, rmdir("full"));
	EXPECT(0, unlink("full/inside"));
	EXPECT(0, rmdir("full"));
	EXPECT(ENOENT, rmdir("full"));
	EXPECT(ENOTDIR, rmdir("f"));
	EXPECT(ENOTDIR, rmdir("sym"));
	EXPECT(ENOENT, unlink("none"));
	for (const char *type = "fplsc"; *type; type++) {
		about("unlink of %c", *type);
		make(*type, "x");
		EXPECT(0, unlink("x"));
		EXPECT(ENOENT, unlink("x"));
	}
}
