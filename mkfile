# `sh rc/with-deps mk TARGET` runs it with all that it needs installed; README says more.
MKSHELL=rc
BIN=/usr/local/bin
SHARE=/usr/local/share
TARG=pakfs pak
RC=pakcap pakns pakmount
SWIFT=-Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error
# A step of `mk test` leaves its counts there.
LOG=.build/log

# For use. There is nothing of ours to be loaded, which would be looked for in 24 places.
RELEASE=-c release --static-swift-stdlib --disable-local-rpath

all:V:
	for(i in $TARG)
		swift build $RELEASE --product $i

# Each step stops the test when it fails, or takes far longer than any has; the last lines are what
# was counted.
test:V:
	rm -rf $LOG
	./Tests/run 'format build unit rootless asan scripts manual'
	# Hardly one of these has work for two processors at a time. All was built above.
	PAK_BUILT=1 ./Tests/run 'fuzz builds dpkg switches peers fuse posix views' guest
	echo
	cat $LOG/*.count

# What is quick.
check:V:	format build unit

format:V:
	mkdir -p $LOG
	swift format lint --strict -r Sources Tests Package.swift
	# Why the compiler's word on threads is not taken stands right above.
	git ls-files '*.swift' | xargs awk '/^ *\/\// { above = above $0; next }
		/@unchecked Sendable/ && above !~ /`@unchecked Sendable`: / {
			print FILENAME ":" FNR ": @unchecked without its reason"; failed = 1 }
		{ above = "" }
		END { exit failed }'
	echo `{git ls-files '*.swift' | wc -l} Swift files in format >$LOG/1.format.count

build:V:
	swift build $SWIFT --build-tests

unit:V:
	mkdir -p $LOG
	./Tests/Unit/run 900 $LOG/unit.log .build/debug >$LOG/2.unit.count || {
		cat $LOG/2.unit.count
		exit unit
	}
	cat $LOG/2.unit.count

# What is about views, once more as a user without rights.
rootless:V:
	mkdir -p $LOG
	./Tests/Rootless/run .build/debug >$LOG/2.rootless.count || {
		cat $LOG/2.rootless.count
		exit rootless
	}
	cat $LOG/2.rootless.count

scripts:V:
	mkdir -p $LOG
	cd rc/test
	mk $MKFLAGS test | tee ../../$LOG/4.scripts.count

manual:V:
	mkdir -p $LOG
	mandoc -T lint -W warning `{git ls-files 'Sources/*.[1-8]'}
	echo `{git ls-files 'Sources/*.[1-8]' | wc -l} manual pages without a warning >$LOG/5.manual.count

# Seconds for each fuzz target.
FUZZ=20
fuzz:V:
	mkdir -p $LOG
	./Tests/Fuzz/run $FUZZ >$LOG/6.fuzz.count || {
		cat $LOG/6.fuzz.count
		exit fuzz
	}
	cat $LOG/6.fuzz.count

# The suite once more, with every access to memory watched; where it takes the same steps many
# times, fewer. Where memory was had that is used in a wrong way is told of two frames: of thirty it
# takes a fifth of the time.
asan:V:
	mkdir -p $LOG
	ASAN_OPTIONS='detect_leaks=0:malloc_context_size=2'
	PAK_WATCHED=1
	swift build --build-tests --scratch-path .build-asan '--sanitize=address' >$LOG/asan.build || {
		tail -n 40 $LOG/asan.build
		exit asan
	}
	./Tests/Unit/run 2400 $LOG/asan.log .build-asan/debug >$LOG/3.asan.count || {
		cat $LOG/3.asan.count
		exit asan
	}
	counted=`{cat $LOG/3.asan.count}
	echo 'address sanitizer:' $counted | tee $LOG/3.asan.count

# What dpkg has installed here, packed again, served and compared.
dpkg:V:
	mkdir -p $LOG
	./Tests/built treecheck
	./Tests/Dpkg/run .build/debug/pakfs .build/debug/treecheck | tee $LOG/7.dpkg.count

# A million requests of eight clients while an environment is switched a thousand times.
switches:V:
	mkdir -p $LOG
	./Tests/built pak pakfs treecheck
	./Tests/Switches/run .build/debug >$LOG/8.switches.count || {
		cat $LOG/8.switches.count
		exit switches
	}
	cat $LOG/8.switches.count

# Clients and a server of others; what PyPI has is fetched.
peers:V:
	mkdir -p $LOG
	./Tests/built pak pakfs
	./Tests/Peers/run .build/debug/pakfs .build/debug/pak | tee $LOG/8.peers.count

# Programs of real packages, run over this machine and alone, without root.
views:V:
	mkdir -p $LOG
	./Tests/built pak
	./Tests/Views/run .build/debug | tee $LOG/9.views.count

# POSIX's rules as a table; here it is checked against file systems that keep them, and against
# mounts of our own.
POSIX=.build/posix/posix
posix:V:	$POSIX
	mkdir -p $LOG
	./Tests/built treecheck
	{
		./Tests/Posix/run $POSIX && ./Tests/Posix/fuse .build/debug/treecheck $POSIX
	} >$LOG/8.posix.count || {
		cat $LOG/8.posix.count
		exit posix
	}
	cat $LOG/8.posix.count

$POSIX:	`{ls Tests/Posix/*.c Tests/Posix/*.h}
	mkdir -p `{dirname $POSIX}
	cc '-std=gnu17' -O1 -Wall -Wextra -Werror -static -o $POSIX Tests/Posix/*.c

# What uses files uses mounts of our own.
fuse:V:
	mkdir -p $LOG
	./Tests/built treecheck
	./Tests/FUSE/run .build/debug/treecheck >$LOG/8.fuse.count || {
		cat $LOG/8.fuse.count
		exit fuse
	}
	cat $LOG/8.fuse.count

# Behind the kernel's own client, in two of its versions; a guest that cannot run here is skipped,
# with its reason.
guest:V:	$POSIX
	mkdir -p $LOG
	./Tests/built treecheck
	guests=`{./Tests/Guest/usable uml qemu612 >[2]$LOG/9.guest.count}
	cat $LOG/9.guest.count
	for(i in $guests)
		./Tests/Guest/v9fs-guest -b $i -t 500 'Tests/Guest/conformance .build/debug' || exit guest
	./Tests/built pak pakfs
	for(i in $guests)
		./Tests/Guest/v9fs-guest -b $i -t 500 Tests/Guest/posix .build/debug/treecheck $POSIX || exit guest
	# These start some hundred processes, which an emulated machine takes minutes for.
	if(~ uml $guests)
		for(i in vsock captured viewed switched)
			./Tests/Guest/v9fs-guest -b uml -t 500 'Tests/Guest/'^$i^' .build/debug' | tee -a $LOG/9.guest.count || exit guest
	~ $#guests 0 || ./Tests/Guest/run .build/debug/pakfs .build/debug/treecheck $guests | tee -a $LOG/9.guest.count

# Real programs, built and installed in captures, natively and in a guest.
builds:V:
	mkdir -p $LOG
	./Tests/built pak pakfs
	./Tests/Builds/run .build/debug | tee $LOG/9.builds.count

# Real packages, served, read, mounted and run.
demo:V:
	for(i in pak pakfs)
		swift build --product $i
	./Tests/Guest/demo .build/debug

# Both sides in turn, and the library's own steps.
bench:V:
	for(i in $TARG pakbench)
		swift build $RELEASE --product $i
	./.build/release/pakbench $BENCH

# The programs, their manual and their completions.
install:V:	all
	for(i in $TARG){
		install -D -m 755 .build/release/$i $BIN/$i
		install -d $SHARE/bash-completion/completions $SHARE/zsh/site-functions $SHARE/fish/vendor_completions.d
		./.build/release/$i --generate-completion-script bash >$SHARE/bash-completion/completions/$i
		./.build/release/$i --generate-completion-script zsh >$SHARE/zsh/site-functions/_$i
		./.build/release/$i --generate-completion-script fish >$SHARE/fish/vendor_completions.d/$i.fish
	}
	# Where rc is on Debian.
	for(i in $RC){
		sed '1s@.*@#!/usr/lib/plan9/bin/rc@' rc/$i >$BIN/$i
		chmod 755 $BIN/$i
	}
	for(i in `{git ls-files 'Sources/*.[1-8]'}){
		section=`{echo $i | sed 's/.*\.//'}
		install -D -m 644 $i $SHARE/man/man^$section/`{basename $i}
	}

clean:V:
	rm -rf $LOG .build/debug .build/release .build/x86_64-unknown-linux-gnu

nuke:V:	clean
	rm -rf .build .build-*
