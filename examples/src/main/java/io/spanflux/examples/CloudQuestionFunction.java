// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import com.google.cloud.functions.HttpFunction;
import com.google.cloud.functions.HttpRequest;
import com.google.cloud.functions.HttpResponse;
import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A function on Google Cloud, which has a processor only while it answers a request: so it awaits a flush before it
 * returns. The platform does not say how much time is left; the time-out that the function is deployed with is written here.
 *
 * <p>Threads: any number at once. A flush is about all spans that ended before it, also those of other requests.
 */
public final class CloudQuestionFunction implements HttpFunction {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Logger log = LoggerFactory.getLogger(CloudQuestionFunction.class);

    private final Spanflux spanflux;
    private final TracedModel model;
    private final Duration timeout;
    private final Consumer<DeliveryReport> reports;

    /** What the platform calls, once a process. */
    public CloudQuestionFunction() {
        this.spanflux = Spanflux.builder().build();
        this.model = TracedModel.of(Environment.system(), spanflux);
        this.timeout = TIMEOUT;
        this.reports = report -> {
            if (report.timedOut()) {
                log.warn("Some spans wait for the next request: {}", report);
            }
        };
    }

    CloudQuestionFunction(Spanflux spanflux, TracedModel model, Duration timeout, Consumer<DeliveryReport> reports) {
        this.spanflux = spanflux;
        this.model = model;
        this.timeout = timeout;
        this.reports = reports;
    }

    @Override
    public void service(HttpRequest request, HttpResponse response) throws IOException {
        long start = System.nanoTime();
        try {
            String question = request.getReader().lines().collect(Collectors.joining("\n"));
            String answer = model.answer(question).block(time(start).forWork());
            response.getWriter().write(Objects.requireNonNullElse(answer, ""));
        } finally {
            reports.accept(spanflux.awaitFlush(time(start).forFlush()));
        }
    }

    private InvocationTime time(long start) {
        return new InvocationTime(timeout.minusNanos(System.nanoTime() - start));
    }
}
