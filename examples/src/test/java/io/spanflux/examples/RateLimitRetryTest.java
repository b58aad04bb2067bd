// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.client.WebClientResponseException;
import org.springframework.web.reactive.function.client.WebClientResponseException.TooManyRequests;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(10)
class RateLimitRetryTest {
    private final AtomicInteger attempts = new AtomicInteger();

    private static WebClientResponseException answer(int status, String... headers) {
        HttpHeaders all = new HttpHeaders();
        for (int i = 0; i < headers.length; i += 2) {
            if (headers[i + 1] != null) {
                all.add(headers[i], headers[i + 1]);
            }
        }
        return WebClientResponseException.create(status, "", all, new byte[0], StandardCharsets.UTF_8);
    }

    private Mono<String> failing(int times, WebClientResponseException failure) {
        return Mono.defer(() -> attempts.getAndIncrement() < times ? Mono.error(failure) : Mono.just("done"));
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "-, 3, 3000",
                "250, 3, 250",
                "-, -, 1000",
                "-, 'Wed, 21 Oct 2026 07:28:00 GMT', 1000",
                "-, -5, 1000",
                "-, 999999999, 20000",
                "-, 99999999999999999999, 1000"
            })
    void upTo_waitsAsLongAsTheServerAsks(String millis, String seconds, long expected) {
        WebClientResponseException refused = answer(429, "retry-after-ms", millis, "Retry-After", seconds);

        StepVerifier.withVirtualTime(() -> failing(1, refused).retryWhen(RateLimitRetry.upTo(3)))
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(expected - 1))
                .thenAwait(Duration.ofMillis(1))
                .expectNext("done")
                .verifyComplete();
    }

    @Test
    void upTo_isALimit() {
        StepVerifier.withVirtualTime(() -> failing(9, answer(429)).retryWhen(RateLimitRetry.upTo(2)))
                .thenAwait(Duration.ofSeconds(10))
                .verifyError(TooManyRequests.class);

        assertThat(attempts).hasValue(3);
    }

    @Test
    void upTo_otherErrors_arePassedOnAtOnce() {
        StepVerifier.create(failing(9, answer(503, "Retry-After", "1")).retryWhen(RateLimitRetry.upTo(2)))
                .verifyError(WebClientResponseException.ServiceUnavailable.class);

        assertThat(attempts).hasValue(1);
    }
}
