// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A function on AWS Lambda. Its process is frozen when the handler returns, and may never run again: what is not delivered
 * by then may be lost. So each invocation awaits a flush within what is left of its time, whatever became of the call.
 *
 * <p>With {@code OTEL_EXPORTER_OTLP_TIMEOUT} below two seconds a collector that hangs once is tried again in the same
 * invocation. With SnapStart add {@code org.crac:crac} and {@code checkpoints(true)}.
 *
 * <p>Threads: Lambda calls it with one at a time.
 */
public final class LambdaQuestionHandler implements RequestHandler<String, String> {
    private static final Logger log = LoggerFactory.getLogger(LambdaQuestionHandler.class);

    private final Spanflux spanflux;
    private final TracedModel model;
    private final Consumer<DeliveryReport> reports;

    /** What Lambda calls, once a process. */
    public LambdaQuestionHandler() {
        this.spanflux = Spanflux.builder().build();
        this.model = TracedModel.of(Environment.system(), spanflux);
        this.reports = report -> {
            if (report.timedOut()) {
                log.warn("Some spans wait for the next invocation: {}", report);
            }
        };
    }

    LambdaQuestionHandler(Spanflux spanflux, TracedModel model, Consumer<DeliveryReport> reports) {
        this.spanflux = spanflux;
        this.model = model;
        this.reports = reports;
    }

    @Override
    public String handleRequest(String question, Context context) {
        try {
            // A call that takes too long is cancelled, which ends its span while there is time to deliver it.
            String answer = model.answer(question).block(time(context).forWork());
            return Objects.requireNonNullElse(answer, "");
        } finally {
            reports.accept(spanflux.awaitFlush(time(context).forFlush()));
        }
    }

    private static InvocationTime time(Context context) {
        return new InvocationTime(Duration.ofMillis(context.getRemainingTimeInMillis()));
    }
}
