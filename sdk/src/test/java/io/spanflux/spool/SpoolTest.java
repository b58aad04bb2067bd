// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import io.spanflux.test.LogCapture;
import io.spanflux.transport.Payload;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(60)
class SpoolTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final String TARGET = "http://fake.test/v1/traces";

    @TempDir
    Path folder;

    private final List<Spool> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.forEach(spool -> spool.close().block(LONG));
    }

    /** Takes entries and answers each when the test says so. */
    private static final class Destination implements SpoolReplay {
        final BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
        final BlockingQueue<MonoSink<Runnable>> waiting = new LinkedBlockingQueue<>();
        final BlockingQueue<String> losses = new LinkedBlockingQueue<>();
        final AtomicInteger cancelled = new AtomicInteger();
        final AtomicInteger counted = new AtomicInteger();
        volatile boolean answers;

        static Destination answering() {
            Destination destination = new Destination();
            destination.answers = true;
            return destination;
        }

        @Override
        public Mono<Runnable> deliver(SpoolEntry entry, boolean own) {
            return Mono.create(sink -> {
                bodies.add(text(entry) + (own ? "" : " (taken over)"));
                sink.onCancel(cancelled::incrementAndGet);
                if (answers) {
                    sink.success(counted::incrementAndGet);
                } else {
                    waiting.add(sink);
                }
            });
        }

        @Override
        public void lost(Loss loss, int spans, boolean own) {
            losses.add(loss + " " + spans + " " + own);
        }

        String next() throws InterruptedException {
            return bodies.poll(10, TimeUnit.SECONDS);
        }

        void answer() throws InterruptedException {
            waiting.poll(10, TimeUnit.SECONDS).success(counted::incrementAndGet);
        }
    }

    private static String text(SpoolEntry entry) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Payload.Writing writing = entry.payload(0, entry.spans()).begin(out);
            while (writing.writeNext()) {
                // Until it is complete.
            }
            return out.toString(StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Spool spool(Spool.Builder builder, SpoolReplay destination) {
        Spool spool = builder.build();
        spool.attach(TARGET, destination);
        open.add(spool);
        return spool;
    }

    private Spool spool(SpoolReplay destination) {
        return spool(Spool.builder(folder), destination);
    }

    private static boolean write(Spool spool, String text) {
        return write(spool, text, 0);
    }

    private static boolean write(Spool spool, String text, int padding) {
        byte[] body = (text + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
        SpoolWrite write = spool.write(() -> List.of(SpoolEntry.of("text/plain", 2, new int[0], body)));
        boolean written = Boolean.TRUE.equals(write.run().block(LONG));
        assertThat(write.isWritten()).isEqualTo(written);
        return written;
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    private List<Path> files(String end) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> file.toString().endsWith(end)).sorted().toList();
        }
    }

    @Test
    void entries_areSentInOrder_oneAtATime_andDeleted() throws Exception {
        Destination destination = new Destination();
        Spool spool = spool(destination);
        for (String text : List.of("a", "b", "c")) {
            assertThat(write(spool, text)).isTrue();
        }
        assertThat(spool.isWaiting()).isTrue();
        assertThat(spool.counts().waiting()).isEqualTo(6);

        for (String text : List.of("a", "b", "c")) {
            assertThat(destination.next()).isEqualTo(text);
            assertThat(destination.bodies).isEmpty();
            destination.answer();
        }

        await(() -> !spool.isWaiting());
        assertThat(files(".entry")).isEmpty();
        assertThat(destination.counted).hasValue(3);
        assertThat(spool.counts().settled()).isEqualTo(6);
        assertThat(spool.counts().waitingBytes()).isZero();
    }

    @Test
    void files_areForTheirOwnerOnly() throws Exception {
        Spool spool = spool(new Destination());
        write(spool, "a");

        for (Path file :
                Stream.of(files(".entry"), files("lock")).flatMap(List::stream).toList()) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
                    .isEqualTo("rwx------");
        }
        assertThat(files(".entry")).hasSize(1);
        assertThat(files(".unfinished")).isEmpty();
    }

    @Test
    void full_theOldestLeave_counted() throws Exception {
        Destination destination = new Destination();
        Spool spool = spool(Spool.builder(folder).maxBytes(1 << 20), destination);
        LogCapture logs = LogCapture.start();
        for (int i = 0; i < 20; i++) {
            assertThat(write(spool, "e" + i, 100_000)).isTrue();
        }

        assertThat(spool.counts().waitingBytes()).isLessThanOrEqualTo(1 << 20);
        assertThat(spool.counts().evicted())
                .isEqualTo(2L * destination.losses.size())
                .isPositive();
        assertThat(destination.losses).allMatch(loss -> loss.equals("FULL 2 true"));
        assertThat(spool.counts().written())
                .isEqualTo(spool.counts().waiting() + spool.counts().evicted());
        assertThat(logs.warnings()).anyMatch(warning -> warning.contains("is full"));
        // The first was under way when the others had to leave.
        assertThat(destination.next()).isEqualTo("e0");
        destination.answer();
        assertThat(destination.next()).isEqualTo("e" + (1 + destination.losses.size()));
    }

    @Test
    void entry_thatIsTooLarge_isRefused() {
        Spool spool = spool(Spool.builder(folder).maxBytes(1 << 20), new Destination());

        assertThat(write(spool, "large", 1 << 20)).isFalse();
        assertThat(spool.counts().failedWrites()).isEqualTo(1);
    }

    @Test
    void old_entriesAreDropped_counted() throws Exception {
        Spool before = spool(new Destination());
        write(before, "old");
        before.close().block(LONG);
        Destination destination = new Destination();
        TimeUnit.MILLISECONDS.sleep(1_100);

        Spool spool = spool(Spool.builder(folder).maxAge(Duration.ofSeconds(1)), destination);

        assertThat(destination.losses.poll(10, TimeUnit.SECONDS)).isEqualTo("EXPIRED 2 false");
        await(() -> spool.counts().expired() == 2);
        assertThat(files(".entry")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "garbage", "SFS\u0001 garbage of some length, longer than a head"})
    void damagedFile_isCountedAndDeleted_theOthersAreSent(String garbage) throws Exception {
        Destination destination = new Destination();
        Spool spool = spool(destination);
        for (String text : List.of("a", "b", "c")) {
            write(spool, text);
        }
        Files.writeString(files(".entry").get(1), garbage);
        LogCapture logs = LogCapture.start();

        assertThat(destination.next()).isEqualTo("a");
        destination.answer();
        assertThat(destination.next()).isEqualTo("c");

        assertThat(destination.losses.poll(10, TimeUnit.SECONDS)).isEqualTo("DAMAGED 2 true");
        assertThat(logs.warnings()).anyMatch(warning -> warning.contains("damaged entry"));
        assertThat(spool.counts().damaged()).isEqualTo(2);
    }

    @Test
    void garbageInTheFolder_isLeftAlone() throws Exception {
        Spool before = spool(new Destination());
        write(before, "a");
        Path own = files(".entry").get(0).getParent();
        before.close().block(LONG);
        Files.writeString(own.resolve("notes.txt"), "mine");
        Files.writeString(own.resolve("0000000000000009-1.entry.unfinished"), "half");
        Files.createDirectory(own.resolve("0000000000000008-1.entry"));
        Files.writeString(own.getParent().resolve("file"), "mine");
        Files.createDirectory(own.getParent().resolve("folder"));
        Destination destination = Destination.answering();

        Spool spool = spool(destination);

        assertThat(destination.next()).isEqualTo("a (taken over)");
        await(() -> spool.counts().damaged() == 1 && !spool.isWaiting());
        assertThat(own.resolve("notes.txt")).exists();
        assertThat(own.getParent().resolve("file")).exists();
        assertThat(files(".unfinished")).isEmpty();
    }

    @Test
    void folderThatCannotBeMade_isWarnedOf_andRefusesWrites() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        LogCapture logs = LogCapture.start();
        Spool spool = spool(Spool.builder(file.resolve("spool")), new Destination());

        assertThat(write(spool, "a")).isFalse();
        assertThat(write(spool, "b")).isFalse();

        assertThat(logs.warnings()).isNotEmpty().allMatch(warning -> warning.contains("spool"));
        assertThat(spool.counts().failedWrites()).isEqualTo(2);
        assertThat(spool.isWaiting()).isFalse();
    }

    @Test
    void folderThatIsTakenAway_refusesWrites_andGoesOnWhenItIsBack() throws Exception {
        Destination destination = new Destination();
        Spool spool = spool(destination);
        write(spool, "a");
        assertThat(destination.next()).isEqualTo("a");
        Path own = files(".entry").get(0).getParent();
        Path away = folder.resolve("away");
        Files.move(own, away);

        assertThat(write(spool, "b")).isFalse();

        Files.move(away, own);
        assertThat(write(spool, "c")).isTrue();
        destination.answer();
        assertThat(destination.next()).isEqualTo("c");
    }

    @Test
    void encoderThatThrows_refusesTheWrite() {
        Spool spool = spool(new Destination());

        SpoolWrite write = spool.write(() -> {
            throw new IllegalStateException("cannot be encoded");
        });

        assertThat(write.run().block(LONG)).isFalse();
        assertThat(write(spool, "next")).isTrue();
    }

    @Test
    void write_thatWasGivenUp_leavesNothing() throws Exception {
        Spool spool = spool(new Destination());
        SpoolWrite write = spool.write(() -> List.of(SpoolEntry.of("text/plain", 1, new int[0], new byte[] {'x'})));
        write.giveUp();

        assertThat(write.run().block(LONG)).isFalse();

        assertThat(write.isWritten()).isFalse();
        assertThat(files(".entry")).isEmpty();
    }

    @Test
    void close_keepsWhatWaits_forTheNext_inOrder() throws Exception {
        Destination first = new Destination();
        Spool before = spool(first);
        for (String text : List.of("a", "b", "c")) {
            write(before, text);
        }
        assertThat(first.next()).isEqualTo("a");

        before.close().block(LONG);

        assertThat(first.cancelled).hasValue(1);
        Destination second = Destination.answering();
        Spool after = spool(second);
        assertThat(List.of(second.next(), second.next(), second.next()))
                .containsExactly("a (taken over)", "b (taken over)", "c (taken over)");
        await(() -> !after.isWaiting());
        assertThat(after.counts().takenOver()).isEqualTo(6);
        assertThat(first.counted).hasValue(0);
        assertThat(files("lock")).isEmpty();
    }

    @Test
    void close_isNotFinal_itsOwnEntriesStayItsOwn() throws Exception {
        Destination destination = new Destination();
        Spool spool = spool(destination);
        write(spool, "a");
        assertThat(destination.next()).isEqualTo("a");
        spool.close().block(LONG);

        spool.resume();

        assertThat(destination.next()).isEqualTo("a");
        destination.waiting.poll();
        destination.answer();
        await(() -> spool.counts().settled() == 2);
    }

    @Test
    void anotherSpool_leavesTheEntriesOfTheLivingAlone() throws Exception {
        Destination first = new Destination();
        Spool one = spool(first);
        write(one, "a");
        Destination second = Destination.answering();
        Spool two = spool(second);
        write(two, "b");

        assertThat(second.next()).isEqualTo("b");
        await(() -> !two.isWaiting());

        assertThat(second.bodies).isEmpty();
        assertThat(two.counts().takenOver()).isZero();
        one.close().block(LONG);
        write(two, "c");
        assertThat(second.next()).isEqualTo("c");
        // It has sent everything, and looks around.
        assertThat(second.next()).isEqualTo("a (taken over)");
    }

    @Test
    void entriesForAnotherDestination_areLeftAlone() throws Exception {
        Spool before = spool(new Destination());
        write(before, "a");
        before.close().block(LONG);
        Destination other = Destination.answering();
        Spool spool = Spool.builder(folder).build();
        open.add(spool);

        spool.attach("http://other.test/v1/traces", other);
        write(spool, "b");

        assertThat(other.next()).isEqualTo("b");
        await(() -> !spool.isWaiting());
        assertThat(other.bodies).isEmpty();
        assertThat(files(".entry")).hasSize(1);
    }

    @Test
    void attach_twice_isRefused() {
        Spool spool = spool(new Destination());

        assertThatThrownBy(() -> spool.attach(TARGET, new Destination()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("spool");
    }

    @Test
    void builder_refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> Spool.builder(folder).maxBytes(1000)).hasMessageContaining("maxBytes");
        assertThatThrownBy(() -> Spool.builder(folder).maxAge(Duration.ZERO)).hasMessageContaining("maxAge");
        assertThatThrownBy(() -> Spool.builder(folder).maxAge(Duration.ofDays(5000)))
                .hasMessageContaining("maxAge");
        assertThat(Spool.builder(folder).build())
                .asString()
                .contains("maxBytes=268435456")
                .contains("maxAge=PT24H");
    }
}
