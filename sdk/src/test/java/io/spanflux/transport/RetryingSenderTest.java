// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.handler.timeout.ReadTimeoutException;
import io.spanflux.test.LogCapture;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** What is tried again, when, and for how long; in virtual time. */
class RetryingSenderTest {
    private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final FakeSender sender = new FakeSender(() -> time.now(TimeUnit.NANOSECONDS));
    private final List<Object> outcome = new ArrayList<>();

    private RetryingSender retrying(RetryPolicy policy, double random) {
        return new RetryingSender(sender, policy, time, () -> random);
    }

    /** Longest waits, so that they are round numbers. */
    private RetryingSender retrying() {
        return retrying(RetryPolicy.DEFAULT, 1);
    }

    private Disposable send(RetryingSender retrying) {
        return retrying.send(TextPayload.of("{}")).subscribe(response -> outcome.add(response.status()), outcome::add);
    }

    @Test
    void send_statusesThatAServerMeansOtherwise_areTriedAgainAsNamed() {
        sender.then(418).then(503);
        send(new RetryingSender(sender, RetryPolicy.DEFAULT, time, status -> status == 418));
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(outcome).containsExactly(503);
        assertThat(sender.sentAt).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {200, 202, 204, 299, 301, 302, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 500, 501, 505})
    void send_anAnswerThatWillNotChange_isNotTriedAgain(int status) {
        sender.then(status);
        send(retrying());
        assertThat(outcome).containsExactly(status);
        assertThat(sender.sentAt).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"false, 1", "False, 1", "true, 2", "soon, 2"})
    void send_aServerThatForbidsIt_isNotTriedAgain(String shouldRetry, int attempts) {
        sender.then(503, "x-should-retry", shouldRetry).then(200);
        send(retrying());
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(sender.sentAt).hasSize(attempts);
        assertThat(outcome).containsExactly(attempts == 1 ? 503 : 200);
    }

    @ParameterizedTest
    @CsvSource({"4500, 4500", "4500.75, 4500", "600000, 60000", "soon, 1000", "-1, 1000", "99999999999, 1000", "., 1000"
    })
    void send_waitsTheMillisecondsThatTheServerAsks(String millis, long waited) {
        sender.then(429, "retry-after-ms", millis).then(200);
        // No jitter on what the server asks.
        send(retrying(RetryPolicy.DEFAULT, 0));
        time.advanceTimeBy(Duration.ofMinutes(2));
        assertThat(outcome).containsExactly(200);
        assertThat(sender.waits()).containsExactly(waited == 1000 ? 500L : waited);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 502, 503, 504})
    void send_anOverloadedServer_isTriedAgain(int status) {
        sender.then(status, status, 200);
        send(retrying());
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(outcome).containsExactly(200);
        assertThat(sender.waits()).containsExactly(1_000L, 1_500L);
    }

    @Test
    void obstacle_isWhatTheLastAttemptFailedOn() {
        RetryingSender retrying = retrying();
        assertThat(retrying.obstacle()).isNull();
        sender.then(503)
                .then(new ConnectException("Connection refused: /10.0.0.7:4318"))
                .then(200);
        send(retrying);
        assertThat(retrying.obstacle()).isEqualTo("status 503");
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(retrying.obstacle()).isEqualTo("ConnectException");
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(outcome).containsExactly(200);
        assertThat(retrying.obstacle()).isNull();
    }

    static Stream<Throwable> noAnswers() {
        return Stream.of(
                new ConnectException("Connection refused"),
                new IOException("Connection reset by peer"),
                new TimeoutException("Did not observe any item"),
                // Neither an IOException nor the JDK's time-out: what a customizer's responseTimeout ends with.
                ReadTimeoutException.INSTANCE);
    }

    @ParameterizedTest
    @MethodSource("noAnswers")
    void send_noAnswer_isTriedAgain(Throwable failure) {
        sender.then(failure).then(200);
        send(retrying());
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(outcome).containsExactly(200);
    }

    static Stream<Throwable> hopeless() {
        return Stream.of(
                new ResponseTooLargeException(4),
                new UnwritableBodyException(new IllegalStateException()),
                new IllegalArgumentException("a bug of ours"));
    }

    @ParameterizedTest
    @MethodSource("hopeless")
    void send_whatWouldFailAgain_isNotTriedAgain(Throwable failure) {
        sender.then(failure);
        send(retrying());
        assertThat(outcome).containsExactly(failure);
        assertThat(sender.sentAt).hasSize(1);
    }

    @Test
    void send_waitsGrowToTheirMaximum_andEndWithTheAgeOfTheBody() {
        sender.always(() -> Mono.just(FakeSender.response(503)));
        send(retrying());
        time.advanceTimeBy(Duration.ofMinutes(10));

        assertThat(outcome).containsExactly(503);
        List<Long> waits = sender.waits();
        assertThat(waits.subList(0, 9))
                .containsExactly(1_000L, 1_500L, 2_250L, 3_375L, 5_062L, 7_593L, 11_390L, 17_085L, 25_628L);
        assertThat(waits.subList(9, waits.size())).containsOnly(30_000L);
        Duration last = sender.sentAt.get(sender.sentAt.size() - 1);
        assertThat(last).isBetween(Duration.ofSeconds(270), Duration.ofSeconds(300));
    }

    @Test
    void send_givenUp_endsWithTheLastError() {
        IOException failure = new IOException("unreachable");
        sender.always(() -> Mono.error(failure));
        send(retrying(RetryPolicy.DEFAULT.withMaxAge(Duration.ofSeconds(3)), 1));
        time.advanceTimeBy(Duration.ofSeconds(10));
        assertThat(outcome).containsExactly(failure);
        assertThat(sender.sentAt).hasSize(3);
    }

    @Test
    void send_withoutAge_isSentOnce() {
        sender.then(503);
        send(retrying(RetryPolicy.DEFAULT.withMaxAge(Duration.ZERO), 0));
        assertThat(outcome).containsExactly(503);
    }

    @ParameterizedTest
    @CsvSource({"0, 500", "0.5, 750", "1, 1000"})
    void send_waitsAreShortenedAtRandom(double random, long wait) {
        sender.then(503);
        send(retrying(RetryPolicy.DEFAULT, random));
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(sender.waits()).containsExactly(wait);
    }

    @Test
    void send_defaultRandom_spreads() {
        List<Long> waits = IntStream.range(0, 50)
                .mapToObj(i -> {
                    FakeSender own = new FakeSender(() -> time.now(TimeUnit.NANOSECONDS));
                    own.then(503);
                    new RetryingSender(own, RetryPolicy.DEFAULT, time)
                            .send(TextPayload.of("{}"))
                            .subscribe();
                    time.advanceTimeBy(Duration.ofSeconds(2));
                    return own.waits().get(0);
                })
                .toList();
        assertThat(waits).allMatch(wait -> wait >= 500 && wait <= 1_000);
        assertThat(waits.stream().distinct().count()).isGreaterThan(10);
    }

    @ParameterizedTest
    @CsvSource({
        // status, Retry-After, the random number, the wait
        "429, 7, 0, 7000",
        "503, 7, 0, 7000",
        "503, 7, 1, 7700",
        "502, 3, 0, 3000",
        "503, 0, 1, 1000",
        "429, garbage, 1, 1000",
        "503, -5, 1, 1000",
        "503, 100000, 0, 60000",
        "503, 99999999999999999999, 1, 66000"
    })
    void send_theServerSaysWhen_andIsObeyedWithinReason(int status, String retryAfter, double random, long wait) {
        sender.then(status, retryAfter);
        send(retrying(RetryPolicy.DEFAULT, random));
        time.advanceTimeBy(Duration.ofMinutes(2));
        assertThat(sender.waits()).containsExactly(wait);
        assertThat(outcome).containsExactly(200);
    }

    @Test
    void send_theServersWishIsALowerBound() {
        sender.then(503, 503, 503).then(503, "1");
        send(retrying());
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(sender.waits()).containsExactly(1_000L, 1_500L, 2_250L, 3_375L);
    }

    @Test
    void send_cancelledAndSentAnew_stillObeysTheServer() {
        sender.then(503, "60");
        RetryingSender retrying = retrying(RetryPolicy.DEFAULT, 0);
        for (int i = 0; i < 6; i++) {
            Disposable sending = send(retrying);
            time.advanceTimeBy(Duration.ofSeconds(5));
            sending.dispose();
        }
        assertThat(sender.sentAt).hasSize(1);
        send(retrying);
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(outcome).containsExactly(200);
        assertThat(sender.waits()).containsExactly(60_000L);
    }

    @Test
    void send_theServersWish_holdsForTheNextBodyToo_whateverItsAge() {
        sender.then(503, "20");
        RetryingSender retrying = retrying(RetryPolicy.DEFAULT.withMaxAge(Duration.ofSeconds(2)), 0);
        send(retrying);
        assertThat(outcome).containsExactly(503);
        send(retrying);
        time.advanceTimeBy(Duration.ofMillis(19_999));
        assertThat(sender.sentAt).hasSize(1);
        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(outcome).containsExactly(503, 200);
    }

    @Test
    void send_theAgeOfABody_isWhatThePayloadSays() {
        sender.always(() -> Mono.just(FakeSender.response(503)));
        RetryingSender retrying = retrying(RetryPolicy.DEFAULT.withMaxAge(Duration.ofSeconds(10)), 1);
        TextPayload payload = TextPayload.of("{}");
        for (int i = 0; i < 4; i++) {
            Disposable sending = retrying.send(payload).subscribe(response -> outcome.add(response.status()));
            time.advanceTimeBy(Duration.ofSeconds(4));
            sending.dispose();
        }
        // The third would have been the last to wait: it began 8 s after the first, and its second wait ends beyond 10
        // s.
        assertThat(outcome).containsExactly(503, 503);
        assertThat(sender.sentAt).hasSize(3 + 3 + 2 + 1);
    }

    @Test
    void send_aFirstWaitBelowAMillisecond_growsAllTheSame() {
        sender.always(() -> Mono.error(new ConnectException("Connection refused")));
        Duration halfAMilli = Duration.ofNanos(500_000);
        send(retrying(new RetryPolicy(halfAMilli, Duration.ofSeconds(30), Duration.ofSeconds(10)), 1));
        time.advanceTimeBy(Duration.ofSeconds(10));
        assertThat(sender.sentAt).hasSizeLessThan(30);
        assertThat(sender.sentAt.get(1)).isEqualTo(halfAMilli);
    }

    @Test
    void send_anAgeBeyondAllNumbers_isForever() {
        sender.then(503, 503);
        send(retrying(new RetryPolicy(Duration.ofSeconds(1), FOREVER, FOREVER), 1));
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(outcome).containsExactly(200);
    }

    // ---- someone is in a hurry -----------------------------------------------------------------------------------

    @Test
    void retryNow_cutsShortOurOwnWait() {
        sender.then(503);
        RetryingSender retrying = retrying();
        send(retrying);
        time.advanceTimeBy(Duration.ofMillis(100));

        retrying.retryNow();

        assertThat(outcome).containsExactly(200);
        assertThat(sender.waits()).containsExactly(100L);
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(sender.sentAt).hasSize(2);
    }

    @Test
    void retryNow_doesNotCutShortTheServersWait() {
        sender.then(503, "5");
        RetryingSender retrying = retrying(RetryPolicy.DEFAULT, 0);
        send(retrying);
        time.advanceTimeBy(Duration.ofMillis(100));
        retrying.retryNow();
        assertThat(outcome).isEmpty();
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(sender.waits()).containsExactly(5_000L);
    }

    @Test
    void retryNow_shortensOurWaitToTheServers() {
        sender.then(503, "2");
        Duration slow = Duration.ofSeconds(30);
        RetryingSender retrying = retrying(new RetryPolicy(slow, slow, Duration.ofMinutes(5)), 0);
        send(retrying);
        time.advanceTimeBy(Duration.ofMillis(100));
        retrying.retryNow();
        assertThat(sender.sentAt).hasSize(1);
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(sender.waits()).containsExactly(2_000L);
        assertThat(outcome).containsExactly(200);
    }

    @Test
    void retryNow_afterAnAttemptThatFailsAtOnce_worksEachTime() {
        sender.always(() -> Mono.error(new ConnectException("Connection refused")));
        RetryingSender retrying = retrying();
        send(retrying);
        for (int i = 0; i < 4; i++) {
            time.advanceTimeBy(Duration.ofMillis(1));
            retrying.retryNow();
        }
        assertThat(sender.waits()).containsExactly(1L, 1L, 1L, 1L);
    }

    @Test
    void retryNow_duringAnAttempt_cutsShortTheWaitAfterIt_once() {
        sender.script.add(() -> Mono.just(FakeSender.response(503)).delayElement(Duration.ofMillis(200), time));
        sender.then(503);
        RetryingSender retrying = retrying();
        send(retrying);
        retrying.retryNow();
        time.advanceTimeBy(Duration.ofMillis(200));
        assertThat(sender.waits()).containsExactly(200L);
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(sender.waits()).containsExactly(200L, 1_500L);
    }

    @Test
    void retryNow_whenNothingIsUnderWay_changesNothingLater() {
        RetryingSender retrying = retrying();
        retrying.retryNow();
        sender.then(503);
        send(retrying);
        time.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(sender.waits()).containsExactly(1_000L);
    }

    // ---- cancelling and closing ----------------------------------------------------------------------------------

    @Test
    void cancel_whileWaiting_endsIt() {
        sender.always(() -> Mono.just(FakeSender.response(503)));
        Disposable sending = send(retrying());
        time.advanceTimeBy(Duration.ofMillis(1_200));
        assertThat(sender.sentAt).hasSize(2);
        sending.dispose();
        time.advanceTimeBy(Duration.ofMinutes(10));
        assertThat(sender.sentAt).hasSize(2);
        assertThat(outcome).isEmpty();
    }

    @Test
    void cancel_duringAnAttempt_cancelsIt() {
        sender.always(Mono::never);
        send(retrying()).dispose();
        assertThat(sender.cancelled).isEqualTo(1);
    }

    @Test
    void close_closesTheDelegate() {
        retrying().close().block();
        assertThat(sender.closes).isEqualTo(1);
    }

    // ---- what an operator reads ----------------------------------------------------------------------------------

    @Test
    void send_anOutage_isWarnedOfOnce() {
        LogCapture logs = LogCapture.start();
        sender.always(() -> Mono.error(new ConnectException("Connection refused")));
        RetryingSender retrying = retrying();
        send(retrying);
        time.advanceTimeBy(Duration.ofMinutes(10));
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .contains("http://fake.test/v1/traces", "Connection refused", "300 s", "endpoint");
    }

    @Test
    void policy_refusesWhatMakesNoSense() {
        Duration second = Duration.ofSeconds(1);
        assertThatThrownBy(() -> new RetryPolicy(Duration.ZERO, second, second))
                .hasMessage("initialBackoff is not positive: PT0S");
        assertThatThrownBy(() -> new RetryPolicy(second, Duration.ofMillis(1), second))
                .hasMessage("maxBackoff < initialBackoff: PT0.001S < PT1S");
        assertThatThrownBy(() -> new RetryPolicy(second, second, second.negated()))
                .hasMessage("maxAge is negative: PT-1S");
        assertThat(RetryPolicy.DEFAULT)
                .isEqualTo(new RetryPolicy(second, Duration.ofSeconds(30), Duration.ofMinutes(5)));
    }
}
