/* Who may do what. */
#include "posix.h"

enum { OWNER = 1000, GROUP = 2000, MEMBER = 1001, SECOND = 1002, OTHER = 1003 };

struct asker { const char *name; uid_t uid; gid_t gid, second; int shift; };
static const struct asker askers[] = {
	{ "owner", OWNER, 3000, 0, 6 }, { "member", MEMBER, GROUP, 0, 3 },
	{ "second member", SECOND, 3000, GROUP, 3 }, { "other", OTHER, 3000, 0, 0 },
	/* A class is the first that fits: an owner in the group is the owner. */
	{ "owner and member", OWNER, GROUP, 0, 6 },
};

void permissions(void)
{
	static const mode_t file_modes[] = { 0700, 0070, 0007, 0077, 0707, 0770, 0444, 0222, 0640, 0000 };
	struct stat stat_;

	make_file("f", "text");
	make_dir("d");
	make_file("d/f", "text");
	chmod("d/f", 0777);
	chown("f", OWNER, GROUP);
	chown("d", OWNER, GROUP);
	for (size_t m = 0; m < sizeof file_modes / sizeof *file_modes; m++) {
		chmod("f", file_modes[m]);
		chmod("d", file_modes[m]);
		for (size_t a = 0; a < sizeof askers / sizeof *askers; a++) {
			const struct asker *asker = &askers[a];
			int bits = file_modes[m] >> asker->shift & 7;
			int r = bits & 4 ? 0 : EACCES, w = bits & 2 ? 0 : EACCES, x = bits & 1 ? 0 : EACCES;

			about("%s, mode 0%o", asker->name, file_modes[m]);
			be_in(asker->uid, asker->gid, asker->second, 0);
			EXPECT(r, close(open("f", O_RDONLY)) ? open("f", O_RDONLY) : 0);
			EXPECT(w, close(open("f", O_WRONLY)) ? open("f", O_WRONLY) : 0);
			EXPECT(r ? r : w, close(open("f", O_RDWR)) ? open("f", O_RDWR) : 0);
			EXPECT(w, truncate("f", 4));
			EXPECT(r, close(open("d", O_RDONLY)) ? open("d", O_RDONLY) : 0);
			EXPECT(x, stat("d/f", &stat_));
			EXPECT(x, chdir("d") ? -1 : chdir(".."));
			EXPECT(w ? w : x, mkdir("d/new", 0755));
			EXPECT(w ? w : x, access("d/new", F_OK) && errno == EACCES ? -1 : rmdir("d/new"));
			be_root();
			rmdir("d/new");
		}
	}
	about("superuser");
	chmod("f", 0);
	chmod("d", 0);
	EXPECT(0, close(open("f", O_RDWR)));
	EXPECT(0, close(open("d/new", O_CREAT | O_WRONLY, 0)));
	EXPECT(0, unlink("d/new"));
	EXPECT(EACCES, access("f", X_OK));

	about("a directory that moves");
	make_dir("from");
	make_dir("from/theirs");
	make_dir("to");
	chmod("from", 0777);
	chmod("to", 0777);
	EXPECT_AS(OTHER, 3000, EACCES, rename("from/theirs", "to/theirs"));
	EXPECT_AS(OTHER, 3000, 0, rename("from/theirs", "from/still"));

	about("rights that are had once open");
	make_file("held", "text");
	chown("held", OWNER, GROUP);
	chmod("held", 0600);
	be(OWNER, 3000);
	int file = open("held", O_RDWR);
	be_root();
	chmod("held", 0);
	chown("held", 0, 0);
	be(OWNER, 3000);
	char byte;
	EXPECT(0, pread(file, &byte, 1, 0));
	EXPECT(0, pwrite(file, "x", 1, 0));
	EXPECT(0, ftruncate(file, 2));
	EXPECT(EACCES, open("held", O_RDONLY));
	be_root();
	close(file);
}

void sticky(void)
{
	struct { const char *name; uid_t uid; bool may; } users[] = {
		{ "owner of the directory", OWNER, true }, { "owner of the file", MEMBER, true },
		{ "somebody else", OTHER, false }, { "the superuser", 0, true },
	};

	make_dir("s");
	make_dir("open");
	chown("s", OWNER, GROUP);
	chmod("s", 01777);
	chmod("open", 0777);
	for (size_t u = 0; u < sizeof users / sizeof *users; u++)
		for (const char *type = "fdlp"; *type; type++) {
			int error = users[u].may ? 0 : EPERM;

			about("%c, %s", *type, users[u].name);
			make(*type, "s/x");
			lchown("s/x", MEMBER, MEMBER);
			make(*type, "open/mine");
			lchown("open/mine", users[u].uid, 3000);
			be(users[u].uid, 3000);
			EXPECT(error, rename("open/mine", "s/x"));
			be_root();
			clear("open/mine");
			if (error == 0)
				lchown("s/x", MEMBER, MEMBER);
			be(users[u].uid, 3000);
			EXPECT(error, rename("s/x", "s/y"));
			EXPECT(error, error ? rename("s/x", "open/x") : rename("s/y", "s/x"));
			EXPECT(error, *type == 'd' ? rmdir("s/x") : unlink("s/x"));
			be_root();
			clear("s/x");
		}
	about("%s", "");
	EXPECT_AS(OTHER, 3000, 0, mkdir("s/mine", 0755));
	EXPECT_AS(OTHER, 3000, 0, rename("s/mine", "s/own"));
	EXPECT_AS(OTHER, 3000, 0, rmdir("s/own"));
}

void owners(void)
{
	static const char types[] = "fdpscl";

	for (const char *type = types; *type; type++) {
		about("%c", *type);
		make(*type, "x");
		EXPECT(0, lchown("x", 123, 456));
		IS(look("x").st_uid, 123);
		IS(look("x").st_gid, 456);
		EXPECT(0, lchown("x", -1, 7));
		IS(look("x").st_uid, 123);
		IS(look("x").st_gid, 7);
		EXPECT(0, lchown("x", 8, -1));
		IS(look("x").st_uid, 8);
		IS(look("x").st_gid, 7);
		EXPECT(0, lchown("x", -1, -1));
		EXPECT(0, lchown("x", 4000000000u, 4000000001u));
		IS(look("x").st_uid, 4000000000u);
		IS(look("x").st_gid, 4000000001u);

		lchown("x", OWNER, GROUP);
		EXPECT_AS(OWNER, GROUP, EPERM, lchown("x", OTHER, -1));
		EXPECT_AS(OWNER, GROUP, EPERM, lchown("x", -1, 3000));
		EXPECT_AS(OTHER, GROUP, EPERM, lchown("x", OTHER, -1));
		EXPECT_AS(OTHER, GROUP, EPERM, lchown("x", -1, GROUP));
		EXPECT_AS(OTHER, GROUP, 0, lchown("x", -1, -1));
		be_in(OWNER, 3001, 3002, GROUP);
		EXPECT(0, lchown("x", -1, 3002));
		IS(look("x").st_gid, 3002);
		EXPECT(0, lchown("x", OWNER, 3001));
		IS(look("x").st_gid, 3001);
		EXPECT(EPERM, lchown("x", -1, 3999));
		be_root();

		if (*type != 'l') {
			mode_t kept = *type == 'd' ? 06555 : 0555;
			chmod("x", 06555);
			EXPECT_AS(OWNER, GROUP, 0, chown("x", OWNER, GROUP));
			IS(mode_of("x"), kept);
			chmod("x", 06555);
			EXPECT(0, chown("x", 0, 0));
			IS(mode_of("x"), kept);
			chmod("x", 02644);
			EXPECT(0, chown("x", 1, 1));
			IS(mode_of("x"), 02644);
		}
		clear("x");
	}
	about("through a link");
	make_file("f", "");
	make_link("f", "l");
	EXPECT(0, chown("l", 10, 20));
	IS(look("f").st_uid, 10);
	IS(look("l").st_uid, 0);
	int file = open("f", O_RDONLY);
	EXPECT(0, fchown(file, 30, 40));
	IS(look("f").st_uid, 30);
	close(file);
}

void modes(void)
{
	for (const char *type = "fdpsc"; *type; type++) {
		about("%c", *type);
		make(*type, "x");
		for (mode_t mode = 0; mode <= 07777; mode += 0421) {
			EXPECT(0, chmod("x", mode));
			IS(mode_of("x"), mode);
		}
		lchown("x", OWNER, GROUP);
		EXPECT_AS(OWNER, GROUP, 0, chmod("x", 02750));
		IS(mode_of("x"), 02750);
		EXPECT_AS(OTHER, GROUP, EPERM, chmod("x", 0777));
		EXPECT_AS(OTHER, 3000, EPERM, chmod("x", 0777));
		IS(mode_of("x"), 02750);
		/* The group's identity is for its members to lend. */
		EXPECT_AS(OWNER, 3000, 0, chmod("x", 02755));
		IS(mode_of("x"), 0755);
		EXPECT_AS(OWNER, 3000, 0, chmod("x", 04755));
		IS(mode_of("x"), 04755);
		clear("x");
	}
	about("through a link");
	make_file("f", "text");
	make_link("f", "l");
	EXPECT(0, chmod("l", 0600));
	IS(mode_of("f"), 0600);
	IS(mode_of("l"), 0777);

	static const struct { const char *name; uid_t uid; mode_t kept; } writers[] = {
		{ "owner", OWNER, 0777 }, { "another", OTHER, 0777 }, { "the superuser", 0, 06777 },
	};
	chown("f", OWNER, GROUP);
	for (size_t w = 0; w < sizeof writers / sizeof *writers; w++) {
		about("set-id after a change by %s", writers[w].name);
		chmod("f", 06777);
		be(writers[w].uid, 3000);
		int file = open("f", O_WRONLY);
		IS(write(file, "x", 1), 1);
		be_root();
		close(file);
		IS(mode_of("f"), writers[w].kept);
		chmod("f", 06777);
		be(writers[w].uid, 3000);
		EXPECT(0, truncate("f", 1));
		be_root();
		IS(mode_of("f"), writers[w].kept);
		chmod("f", 06777);
		be(writers[w].uid, 3000);
		EXPECT(0, close(open("f", O_WRONLY | O_TRUNC)));
		be_root();
		IS(mode_of("f"), writers[w].kept);
	}
}
