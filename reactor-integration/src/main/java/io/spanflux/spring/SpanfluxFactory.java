// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.LogExporter;
import io.spanflux.export.MetricExporter;
import io.spanflux.export.OtlpExporter;
import io.spanflux.export.OtlpLogExporter;
import io.spanflux.export.OtlpMetricExporter;
import io.spanflux.export.OtlpSettings;
import io.spanflux.export.SpanExporter;
import io.spanflux.genai.ContentRedactor;
import io.spanflux.genai.MediaUploads;
import io.spanflux.metrics.MetricTarget;
import io.spanflux.pipeline.RecordPipeline;
import io.spanflux.pricing.PriceBook;
import io.spanflux.propagation.Propagator;
import io.spanflux.sampling.TailSampler;
import io.spanflux.spring.SpanfluxProperties.Otlp;
import io.spanflux.trace.Clock;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.IdGenerator;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanLimits;
import io.spanflux.trace.Tracer;
import io.spanflux.wire.tracentic.TracenticExporter;
import io.spanflux.wire.tracentic.TracenticScope;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;

/** Puts a Spanflux together: customizers over beans, over properties, over {@code OTEL_*}, over the defaults. */
final class SpanfluxFactory {
    private final SpanfluxProperties properties;
    private final BeanFactory beans;
    private final Environment environment;

    SpanfluxFactory(SpanfluxProperties properties, BeanFactory beans) {
        this.properties = properties;
        this.beans = beans;
        this.environment = one(Environment.class, Environment.system());
    }

    /** One that records nothing, exports nothing and opens nothing. */
    static Spanflux disabled() {
        return Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_SDK_DISABLED", "true")))
                .build();
    }

    Spanflux create(@Nullable String applicationName) {
        // The application's lifecycle stops it, after the web server; a hook of the JVM would run beside that.
        Spanflux.Builder builder = Spanflux.builder().environment(environment).closeOnExit(false);
        present(serviceName(applicationName), builder::serviceName);
        present(properties.resource(), resource -> resource.forEach(builder::resource));
        List<SpanExporter> exporters = all(SpanExporter.class);
        exporters(exporters, builder);
        propagation(exporters, builder);
        content(builder);
        present(one(PriceBook.class), builder::priceBook);
        present(properties.priceFile(), builder::priceFile);
        present(properties.experimentalCostNames(), builder::experimentalCostNames);
        builder.tracer(this::tracer).pipeline(this::pipeline);
        metrics(builder);
        events(builder);
        present(properties.tailSampling(), rules -> builder.tailSampling(tail -> tailSampling(rules, tail)));
        all(SpanfluxCustomizer.class).forEach(customizer -> customizer.customize(builder));
        return builder.build();
    }

    /** Spring's name for the application only where nobody named it for tracing. */
    private @Nullable String serviceName(@Nullable String applicationName) {
        if (properties.serviceName() != null) {
            return properties.serviceName();
        }
        boolean named = environment.text("OTEL_SERVICE_NAME") != null
                || environment.pairs("OTEL_RESOURCE_ATTRIBUTES").containsKey("service.name");
        return named || applicationName == null || applicationName.isBlank() ? null : applicationName;
    }

    private void exporters(List<SpanExporter> exporters, Spanflux.Builder builder) {
        exporters.forEach(builder::exporter);
        if (properties.otlp() != null) {
            builder.exporter(
                    configured(OtlpExporter.builder(), UnaryOperator.identity()).build());
        }
    }

    private void propagation(List<SpanExporter> exporters, Spanflux.Builder builder) {
        Boolean asked = properties.tracenticScope();
        if (asked == null ? exporters.stream().anyMatch(TracenticExporter.class::isInstance) : asked) {
            builder.addPropagator(TracenticScope.propagator());
        }
        present(one(Propagator.class), builder::propagator);
        present(properties.baggage(), keys -> builder.baggage(keys.toArray(new String[0])));
    }

    private void content(Spanflux.Builder builder) {
        builder.content(content -> {
            present(properties.captureContent(), content::capture);
            present(one(ContentRedactor.class), content::redactor);
            present(one(MediaUploads.class), content::media);
        });
    }

    private void tracer(Tracer.Builder tracer) {
        present(properties.maxSpanLifetime(), tracer::maxLifetime);
        present(
                properties.sampling().ratio(),
                ratio -> tracer.sampler(Sampler.parentBased(Sampler.traceIdRatio(ratio))));
        present(one(Sampler.class), tracer::sampler);
        present(one(SpanLimits.class), tracer::limits);
        present(one(IdGenerator.class), tracer::idGenerator);
        present(one(Clock.class), tracer::clock);
        // What is an exporter too would see each span twice.
        all(SpanHandler.class).stream()
                .filter(handler -> !(handler instanceof SpanExporter))
                .forEach(tracer::handler);
    }

    private void pipeline(RecordPipeline.Builder<Span> pipeline) {
        SpanfluxProperties.Pipeline bounds = properties.pipeline();
        present(bounds.maxQueueSize(), pipeline::maxQueueSize);
        present(bounds.maxQueueBytes(), bytes -> pipeline.maxQueueBytes(bytes.toBytes()));
        present(bounds.maxBatchSize(), pipeline::maxBatchSize);
        present(bounds.maxBatchBytes(), bytes -> pipeline.maxBatchBytes(bytes.toBytes()));
        present(bounds.scheduleDelay(), pipeline::scheduleDelay);
    }

    private void metrics(Spanflux.Builder builder) {
        SpanfluxProperties.Metrics asked = properties.metrics();
        MetricTarget target = one(MetricTarget.class);
        if (asked.micrometer() && target == null) {
            throw new IllegalStateException(
                    "spanflux.metrics.micrometer=true, but there is no MeterRegistry bean, or several and none is primary");
        }
        MetricExporter exporter = one(MetricExporter.class);
        boolean byEnvironment = environment.list("OTEL_METRICS_EXPORTER").contains("otlp");
        boolean byOtlp = asked.otlp() == null ? byEnvironment : asked.otlp();
        if (target == null && exporter == null && !byOtlp && !byEnvironment) {
            return;
        }
        builder.metrics(metrics -> {
            present(target, metrics::target);
            present(asked.exportInterval(), metrics::exportInterval);
            if (exporter != null) {
                metrics.exporter(exporter);
            } else if (byOtlp) {
                metrics.exporter(
                        configured(OtlpMetricExporter.builder(), url -> withoutPath(url, "metrics", "a MetricExporter"))
                                .build());
            } else {
                metrics.withoutExporter();
            }
        });
    }

    private void events(Spanflux.Builder builder) {
        LogExporter exporter = one(LogExporter.class);
        Boolean asked = properties.events().otlp();
        boolean byEnvironment = environment.list("OTEL_LOGS_EXPORTER").contains("otlp");
        boolean byOtlp = asked == null ? byEnvironment || carryContent() : asked;
        if (exporter == null && !byOtlp && !byEnvironment) {
            return;
        }
        builder.events(events -> {
            if (exporter != null) {
                events.exporter(exporter);
            } else if (byOtlp) {
                events.exporter(
                        configured(OtlpLogExporter.builder(), url -> withoutPath(url, "events", "a LogExporter"))
                                .build());
            } else {
                events.withoutExporter();
            }
        });
    }

    /** Whether content would leave nowhere without events, and nothing rules them out. */
    private boolean carryContent() {
        ContentCapture capture = properties.captureContent();
        return capture != null && capture.onEvents() && environment.text("OTEL_LOGS_EXPORTER") == null;
    }

    private <B extends OtlpSettings<B>> B configured(B exporter, UnaryOperator<String> endpoint) {
        exporter.environment(environment);
        Otlp otlp = properties.otlp();
        if (otlp != null) {
            present(otlp.endpoint(), url -> exporter.endpoint(endpoint.apply(url)));
            present(otlp.headers(), headers -> headers.forEach(exporter::header));
            present(otlp.timeout(), exporter::timeout);
            present(otlp.compression(), exporter::compression);
        }
        return exporter;
    }

    /** The path of an endpoint for traces is no path for others, and nothing says what is. */
    private static String withoutPath(String endpoint, String others, String bean) {
        String path = URI.create(endpoint).getPath();
        if (path != null && !path.isEmpty() && !path.equals("/")) {
            throw new IllegalStateException("spanflux.otlp.endpoint has a path, which is that of traces: for " + others
                    + " too, leave it out, or make " + bean + " a bean");
        }
        return endpoint;
    }

    private static void tailSampling(SpanfluxProperties.TailSampling rules, TailSampler.Builder tail) {
        if (rules.keepErrors()) {
            tail.keepErrors();
        }
        present(rules.keepSlowerThan(), tail::keepSlowerThan);
        present(rules.keepCostAbove(), tail::keepCostAbove);
        present(rules.keepTokensAbove(), tail::keepTokensAbove);
        present(rules.keepRatio(), tail::keepRatio);
        present(rules.maxHoldTime(), tail::maxHoldTime);
        present(rules.maxTraces(), tail::maxTraces);
    }

    private static <T> void present(@Nullable T value, Consumer<? super T> setting) {
        if (value != null) {
            setting.accept(value);
        }
    }

    private <T> List<T> all(Class<T> type) {
        ObjectProvider<T> provider = beans.getBeanProvider(type);
        return provider.orderedStream().toList();
    }

    /** The bean of this type, null without one; several without a primary one are refused by Spring. */
    private <T> @Nullable T one(Class<T> type) {
        return beans.getBeanProvider(type).getIfAvailable();
    }

    private <T> T one(Class<T> type, T otherwise) {
        return Objects.requireNonNullElse(one(type), otherwise);
    }
}
