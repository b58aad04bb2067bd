// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.spanflux.diagnostics.RepeatedWarning;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Tries again what may succeed later: no answer at all, and the answers 429, 502, 503 and 504 unless other ones are named, but
 * for those that say {@code x-should-retry: false}. Waits as {@link RetryPolicy} says; gives up by the age of a body, never by a count of attempts. Then the last answer, or the last
 * error, is the outcome.
 *
 * <p>The server's {@code Retry-After} or {@code retry-after-ms}, of which at most 60 seconds count, holds for every body: none is sent before that,
 * be it a new one or one that was cancelled meanwhile. The age of a body is counted from {@link Payload#firstAttempt};
 * beyond it a subscription still makes one attempt, whose failure is final.
 *
 * <p>Threads: waits on {@code scheduler}, sends from there.
 */
public final class RetryingSender implements PayloadSender {
    private static final Logger log = LoggerFactory.getLogger(RetryingSender.class);

    private final PayloadSender delegate;
    private final RetryPolicy policy;
    private final Scheduler scheduler;
    private final DoubleSupplier random;
    private final IntPredicate retryable;
    private final RepeatedWarning failures = new RepeatedWarning(log);
    private final Set<Sending> active = ConcurrentHashMap.newKeySet();

    private volatile @Nullable String obstacle;

    /** Before this time the server wants to hear nothing. */
    private volatile @Nullable Long notBefore;

    /** Sends through {@code delegate}; waits on {@code scheduler}. */
    public RetryingSender(PayloadSender delegate, RetryPolicy policy, Scheduler scheduler) {
        this(delegate, policy, scheduler, RetryingSender::isOverload);
    }

    /** As the other one, for a server that means something else than OTLP by its statuses. */
    public RetryingSender(
            PayloadSender delegate, RetryPolicy policy, Scheduler scheduler, IntPredicate retryableStatus) {
        this(delegate, policy, scheduler, Math::random, retryableStatus);
    }

    RetryingSender(PayloadSender delegate, RetryPolicy policy, Scheduler scheduler, DoubleSupplier random) {
        this(delegate, policy, scheduler, random, RetryingSender::isOverload);
    }

    private RetryingSender(
            PayloadSender delegate,
            RetryPolicy policy,
            Scheduler scheduler,
            DoubleSupplier random,
            IntPredicate retryable) {
        this.delegate = Objects.requireNonNull(delegate, "delegate == null");
        this.policy = Objects.requireNonNull(policy, "policy == null");
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler == null");
        this.random = random;
        this.retryable = Objects.requireNonNull(retryable, "retryableStatus == null");
    }

    @Override
    public Mono<Response> send(Payload payload) {
        return Mono.using(
                () -> {
                    Sending sending = new Sending(payload);
                    active.add(sending);
                    return sending;
                },
                sending -> Mono.defer(() -> attempt(sending))
                        .flatMap(response ->
                                isTriedAgain(response) ? Mono.error(new Refused(response)) : Mono.just(response))
                        .retryWhen(Retry.from(signals -> signals.concatMap(signal -> pause(signal, sending), 0)))
                        .onErrorResume(Refused.class, refused -> Mono.just(refused.response)),
                active::remove);
    }

    /** Sends as soon as the server allows it. */
    private Mono<Response> attempt(Sending sending) {
        long wait = serversWait();
        return wait > 0
                ? Mono.delay(Duration.ofNanos(wait), scheduler).then(Mono.defer(() -> attempt(sending)))
                : delegate.send(sending.begun(now()))
                        .doOnNext(response -> obstacle = response.isSuccess() ? null : "status " + response.status())
                        .doOnError(failure -> obstacle = failure.getClass().getSimpleName());
    }

    /** The nanoseconds for which the server still wants to hear nothing; not positive when there are none. */
    private long serversWait() {
        Long until = notBefore;
        return until == null ? 0 : until - now();
    }

    private long now() {
        return scheduler.now(TimeUnit.NANOSECONDS);
    }

    /** A body on its way, and whether someone waits for it. */
    private static final class Sending {
        private final Payload payload;
        private volatile @Nullable Long firstAttempt;
        private volatile boolean hurried;
        private final AtomicReference<@Nullable MonoSink<Long>> waiting = new AtomicReference<>();

        Sending(Payload payload) {
            this.payload = payload;
        }

        Payload begun(long nowNanos) {
            if (firstAttempt == null) {
                firstAttempt = payload.firstAttempt(nowNanos);
            }
            return payload;
        }

        long age(long nowNanos) {
            Long first = firstAttempt;
            return first == null ? 0 : nowNanos - first;
        }

        /** Ends the wait that may be cut short, or the next one. */
        void hurry() {
            hurried = true;
            MonoSink<Long> sink = waiting.getAndSet(null);
            if (sink != null) {
                hurried = false;
                sink.success(0L);
            }
        }

        /** Waits for {@code nanos}, or not at all where someone is in a hurry. */
        Mono<Long> pause(long nanos, Scheduler scheduler) {
            return Mono.create(sink -> {
                waiting.set(sink);
                long actual = hurried ? 0 : nanos;
                hurried = false;
                Disposable timer = scheduler.schedule(() -> sink.success(0L), actual, TimeUnit.NANOSECONDS);
                sink.onDispose(() -> {
                    // An attempt that fails at once waits anew before this wait is disposed of.
                    waiting.compareAndSet(sink, null);
                    timer.dispose();
                });
            });
        }
    }

    static boolean isOverload(int status) {
        return status == 429 || status == 502 || status == 503 || status == 504;
    }

    /**
     * What a server answers that could not do it now, where nothing says more: 408, 500 and what OTLP means by overload. For
     * servers that are not OTLP's, which promises that another attempt after a 500 is in vain.
     */
    public static boolean isServersFault(int status) {
        return status == 408 || status == 500 || isOverload(status);
    }

    @Override
    public boolean isTriedAgain(Response response) {
        String wanted = response.header("x-should-retry");
        return retryable.test(response.status())
                && !(wanted != null && wanted.strip().equalsIgnoreCase("false"));
    }

    /** No answer: refused, reset, cut off or timed out, by us or by Netty. What else goes wrong would go wrong again. */
    static boolean isRetryable(Throwable failure) {
        return failure instanceof Refused
                || (failure instanceof IOException
                        && !(failure instanceof ResponseTooLargeException)
                        && !(failure instanceof UnwritableBodyException))
                || failure instanceof TimeoutException
                || failure instanceof io.netty.handler.timeout.TimeoutException;
    }

    private Mono<Long> pause(Retry.RetrySignal signal, Sending sending) {
        Throwable failure = signal.failure();
        if (!isRetryable(failure)) {
            return Mono.error(failure);
        }
        if (failure instanceof Refused refused) {
            Duration asked = RetryAfter.of(refused.response, Instant.now());
            if (!asked.isZero()) {
                // Up to a tenth more than what the server asks of all its clients.
                notBefore = now() + scaled(asked, 1 + random.getAsDouble() / 10);
            }
        }
        // Between a half and all of our own wait.
        long wait = scaled(policy.backoff(signal.totalRetries()), 0.5 + random.getAsDouble() / 2);
        if (Math.max(wait, serversWait()) > policy.maxAge().toNanos() - sending.age(now())) {
            return Mono.error(failure);
        }
        failures.warn("Cannot deliver to " + target() + " (" + describe(failure) + "); trying again for up to "
                + policy.maxAge().toSeconds() + " s after the first attempt. Is the endpoint right and reachable?");
        return sending.pause(wait, scheduler);
    }

    private static long scaled(Duration duration, double factor) {
        return (long) (duration.toNanos() * factor);
    }

    private static String describe(Throwable failure) {
        return failure instanceof Refused refused
                ? "status " + refused.response.status() + " " + refused.response.excerpt()
                : failure.getClass().getSimpleName() + ": " + failure.getMessage();
    }

    @Override
    public void retryNow() {
        active.forEach(Sending::hurry);
    }

    @Override
    public @Nullable String obstacle() {
        return obstacle;
    }

    @Override
    public String target() {
        return delegate.target();
    }

    @Override
    public Mono<Void> warmUp(Supplier<Payload> example) {
        return delegate.warmUp(example);
    }

    @Override
    public Mono<Void> close() {
        return delegate.close();
    }

    @Override
    public String toString() {
        return "RetryingSender{" + delegate + ", " + policy + '}';
    }

    /** Carries a retryable answer through Reactor's retry, which knows errors only. */
    private static final class Refused extends RuntimeException {
        final transient Response response;

        Refused(Response response) {
            super(null, null, false, false);
            this.response = response;
        }
    }
}
