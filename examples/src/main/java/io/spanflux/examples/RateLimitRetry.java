// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.client.WebClientResponseException.TooManyRequests;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;
import reactor.util.retry.Retry.RetrySignal;

/** Tries a call that was answered with 429 again, when the server says so and no sooner. */
final class RateLimitRetry {
    private static final Duration DEFAULT_WAIT = Duration.ofSeconds(1);
    private static final Duration MAX_WAIT = Duration.ofSeconds(20);

    private RateLimitRetry() {}

    /** At most {@code retries} further attempts; any other error is passed on at once. */
    static Retry upTo(int retries) {
        return Retry.from(signals -> signals.concatMap(signal -> pause(signal, retries), 0));
    }

    private static Publisher<Long> pause(RetrySignal signal, int retries) {
        if (signal.failure() instanceof TooManyRequests refused && signal.totalRetries() < retries) {
            return Mono.delay(wait(refused.getHeaders()));
        }
        return Mono.error(signal.failure());
    }

    /** OpenAI sends {@code retry-after-ms} too, which is not rounded up to a second. */
    private static Duration wait(HttpHeaders headers) {
        Duration asked = duration(headers.getFirst("retry-after-ms"), 1);
        if (asked == null) {
            asked = duration(headers.getFirst(HttpHeaders.RETRY_AFTER), 1000);
        }
        Duration wait = asked == null ? DEFAULT_WAIT : asked;
        return wait.compareTo(MAX_WAIT) > 0 ? MAX_WAIT : wait;
    }

    /** Null for what is not a small whole number, an HTTP date for example. */
    private static @Nullable Duration duration(@Nullable String text, int unitMillis) {
        return text == null || !text.matches("[0-9]{1,9}")
                ? null
                : Duration.ofMillis(Long.parseLong(text) * unitMillis);
    }
}
