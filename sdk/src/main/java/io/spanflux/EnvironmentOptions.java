// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.pipeline.RecordPipeline;
import io.spanflux.propagation.Propagator;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.SpanLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** What the standard {@code OTEL_*} variables say about everything but exporters. */
final class EnvironmentOptions {
    private final Environment environment;
    private final boolean disabled;

    EnvironmentOptions(Environment environment) {
        this.environment = environment;
        this.disabled = environment.flag("OTEL_SDK_DISABLED");
        if (environment.text("OTEL_CONFIG_FILE") != null) {
            environment.ignored(
                    "OTEL_CONFIG_FILE", "(a file)", "declarative configuration is not supported; other variables hold");
        }
    }

    boolean disabled() {
        return disabled;
    }

    /** Attributes of this process, lowest first: detected, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, code. */
    Resource resource(@Nullable String serviceName, Attributes fromCode) {
        Attributes attributes = Attributes.of("service.name", "unknown_service:java")
                .with("telemetry.sdk.language", "java")
                .with("telemetry.sdk.name", "spanflux")
                .with("telemetry.sdk.version", SdkVersion.get())
                .with("service.instance.id", UUID.randomUUID().toString())
                .with("process.pid", ProcessHandle.current().pid())
                .with(functionAsAService())
                .with(Attributes.of(environment.pairs("OTEL_RESOURCE_ATTRIBUTES")))
                .with("service.name", environment.text("OTEL_SERVICE_NAME"))
                .with(fromCode)
                .with("service.name", serviceName);
        return Resource.of(attributes);
    }

    /** AWS Lambda says what it is in variables of its own. */
    private Attributes functionAsAService() {
        if (environment.text("AWS_LAMBDA_FUNCTION_NAME") == null) {
            return Attributes.empty();
        }
        return Attributes.of("cloud.provider", "aws")
                .with("cloud.platform", "aws_lambda")
                .with("cloud.region", environment.text("AWS_REGION"))
                .with("faas.name", environment.text("AWS_LAMBDA_FUNCTION_NAME"))
                .with("faas.version", environment.text("AWS_LAMBDA_FUNCTION_VERSION"))
                .with("faas.instance", environment.text("AWS_LAMBDA_LOG_STREAM_NAME"));
    }

    Sampler sampler() {
        String name = environment.text("OTEL_TRACES_SAMPLER");
        if (name == null) {
            return Sampler.parentBased(Sampler.alwaysOn());
        }
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "always_on" -> Sampler.alwaysOn();
            case "always_off" -> Sampler.alwaysOff();
            case "traceidratio" -> Sampler.traceIdRatio(samplerRatio());
            case "parentbased_always_on" -> Sampler.parentBased(Sampler.alwaysOn());
            case "parentbased_always_off" -> Sampler.parentBased(Sampler.alwaysOff());
            case "parentbased_traceidratio" -> Sampler.parentBased(Sampler.traceIdRatio(samplerRatio()));
            default -> {
                environment.ignored("OTEL_TRACES_SAMPLER", name, "not a sampler that Spanflux knows");
                yield Sampler.parentBased(Sampler.alwaysOn());
            }
        };
    }

    private double samplerRatio() {
        OptionalDouble ratio = environment.number("OTEL_TRACES_SAMPLER_ARG", 0, 1);
        return ratio.orElse(1.0);
    }

    SpanLimits limits() {
        SpanLimits.Builder limits = SpanLimits.builder();
        limit(
                limits::attributeValueLength,
                "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT");
        limit(limits::attributeCount, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT");
        limit(limits::eventCount, "OTEL_SPAN_EVENT_COUNT_LIMIT");
        limit(limits::linkCount, "OTEL_SPAN_LINK_COUNT_LIMIT");
        limit(limits::attributeCountPerEvent, "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT");
        limit(limits::attributeCountPerLink, "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT");
        return limits.build();
    }

    /** Hands {@code setting} the first of these variables that can be read and that it takes. */
    private void limit(IntConsumer setting, String... names) {
        for (String name : names) {
            OptionalInt value = environment.integer(name, 0);
            if (value.isPresent() && set(setting, value.getAsInt(), name)) {
                return;
            }
        }
    }

    /** Whether {@code setting} takes the value. */
    private boolean set(IntConsumer setting, int value, String name) {
        try {
            setting.accept(value);
            return true;
        } catch (IllegalArgumentException e) {
            environment.ignored(name, Integer.toString(value), "out of range");
            return false;
        }
    }

    /** The variables of OpenTelemetry's batch processor of spans. */
    void configureSpans(RecordPipeline.Builder<?> pipeline) {
        configure(pipeline, "OTEL_BSP_");
    }

    /** The variables of OpenTelemetry's batch processor of logs. */
    void configureEvents(RecordPipeline.Builder<?> pipeline) {
        configure(pipeline, "OTEL_BLRP_");
    }

    private void configure(RecordPipeline.Builder<?> pipeline, String prefix) {
        environment
                .integer(prefix + "MAX_QUEUE_SIZE", 1)
                .ifPresent(size -> set(pipeline::maxQueueSize, size, prefix + "MAX_QUEUE_SIZE"));
        // Not an argument of the application's: whatever queue its code chooses, this is no mistake in it.
        environment.integer(prefix + "MAX_EXPORT_BATCH_SIZE", 1).ifPresent(pipeline::defaultBatchSize);
        Duration delay = environment.millis(prefix + "SCHEDULE_DELAY", 0);
        if (delay != null) {
            pipeline.scheduleDelay(delay);
        }
    }

    /** Those that OTEL_PROPAGATORS lists, then {@code more}. */
    Propagator propagator(Propagator baggage, List<Propagator> more) {
        Map<String, Propagator> known = Map.of("tracecontext", Propagator.traceContext(), "baggage", baggage);
        List<Propagator> propagators = new ArrayList<>();
        names("OTEL_PROPAGATORS", known, "a propagator", List.of("tracecontext", "baggage"))
                .forEach(name -> propagators.add(Objects.requireNonNull(known.get(name))));
        propagators.addAll(more);
        return Propagator.all(propagators);
    }

    /** Whether names are wanted that the GenAI conventions have not settled. */
    boolean latestExperimentalConventions() {
        return environment.list("OTEL_SEMCONV_STABILITY_OPT_IN").contains("gen_ai_latest_experimental");
    }

    /** Whether OTEL_METRICS_EXPORTER asks for metrics, which are off when it is unset. */
    boolean asksForMetrics() {
        return lists("OTEL_METRICS_EXPORTER", "metrics");
    }

    /** Whether OTEL_LOGS_EXPORTER asks for events, which are off when it is unset. */
    boolean asksForEvents() {
        return lists("OTEL_LOGS_EXPORTER", "logs");
    }

    /** Whether a list of exporters has the only one that there is. */
    private boolean lists(String variable, String signal) {
        boolean otlp = false;
        for (String name : environment.list(variable)) {
            if (name.equals("otlp")) {
                otlp = true;
            } else if (!name.equals("none")) {
                environment.ignored(variable, name, "not an exporter of " + signal + " that Spanflux knows");
            }
        }
        return otlp;
    }

    /** Names out of {@code known} that OTEL_TRACES_EXPORTER lists; none of a disabled SDK, which exports nothing. */
    List<String> exporters(Map<String, ?> known) {
        return disabled ? List.of() : names("OTEL_TRACES_EXPORTER", known, "an exporter", List.of("otlp"));
    }

    /** Names out of {@code known} that {@code variable} lists; {@code otherwise} when it has none, nor says "none". */
    private List<String> names(String variable, Map<String, ?> known, String kind, List<String> otherwise) {
        List<String> names = new ArrayList<>();
        boolean none = false;
        for (String name : environment.list(variable)) {
            if (known.containsKey(name)) {
                names.add(name);
            } else if (name.equals("none")) {
                none = true;
            } else {
                environment.ignored(variable, name, "not " + kind + " that Spanflux knows");
            }
        }
        return names.isEmpty() && !none ? otherwise : names;
    }
}
