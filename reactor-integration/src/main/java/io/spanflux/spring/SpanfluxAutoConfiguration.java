// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.micrometer.core.instrument.MeterRegistry;
import io.spanflux.Spanflux;
import io.spanflux.metrics.MetricTarget;
import io.spanflux.metrics.micrometer.MicrometerTarget;
import io.spanflux.reactor.ReactiveTracer;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/**
 * A {@link Spanflux} and a {@link ReactiveTracer} from the properties {@code spanflux.*}, the standard {@code OTEL_*} variables
 * and the application's beans: {@code SpanExporter}, {@code SpanHandler} and {@link SpanfluxCustomizer}, as many as there are,
 * and one each of {@code Sampler}, {@code SpanLimits}, {@code IdGenerator}, {@code Clock}, {@code Propagator},
 * {@code PriceBook}, {@code ContentRedactor}, {@code MediaUploads}, {@code MetricTarget}, {@code MetricExporter},
 * {@code LogExporter} and {@code io.spanflux.config.Environment}, whose bean must not have the name {@code environment}, which is Spring's own.
 *
 * <p>With {@code spanflux.enabled=false} both beans are there and do nothing, so that an application that uses them starts.
 */
@AutoConfiguration(
        afterName = {
            "org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration",
            "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration",
            "org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration"
        })
@EnableConfigurationProperties(SpanfluxProperties.class)
@ImportRuntimeHints(SpanfluxRuntimeHints.class)
public final class SpanfluxAutoConfiguration {
    /** For Spring. */
    public SpanfluxAutoConfiguration() {}

    @Bean
    SpanfluxLifecycle spanfluxLifecycle(ObjectProvider<Spanflux> spanflux, SpanfluxProperties properties) {
        return new SpanfluxLifecycle(spanflux::getIfAvailable, properties.shutdownTimeout());
    }

    // Depends on its lifecycle, so that it is closed after the beans that use it. Its own shutdown() is no destroy
    // method.
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    Spanflux spanflux(
            SpanfluxProperties properties, BeanFactory beans, Environment environment, SpanfluxLifecycle lifecycle) {
        return lifecycle.owning(
                properties.enabled()
                        ? new SpanfluxFactory(properties, beans)
                                .create(environment.getProperty("spring.application.name"))
                        : SpanfluxFactory.disabled());
    }

    @Bean
    @ConditionalOnMissingBean
    ReactiveTracer reactiveTracer(Spanflux spanflux) {
        return ReactiveTracer.of(spanflux);
    }

    @Bean
    @ConditionalOnBooleanProperty(name = "spanflux.enabled", matchIfMissing = true)
    @ConditionalOnBooleanProperty("spanflux.logging.correlation")
    LogCorrelation spanfluxLogCorrelation() {
        return new LogCorrelation();
    }

    @Bean
    @ConditionalOnBooleanProperty("spanflux.observation-parent")
    SpanfluxCustomizer spanfluxObservationParent(BeanFactory beans) {
        if (!ClassUtils.isPresent("io.micrometer.tracing.Span", classLoaderOf(beans))) {
            throw new IllegalStateException(
                    "spanflux.observation-parent needs io.micrometer:micrometer-tracing on the class path");
        }
        return builder -> builder.tracer(tracer -> tracer.foreignParent(new ObservationParent()));
    }

    private static @Nullable ClassLoader classLoaderOf(BeanFactory beans) {
        return beans instanceof ConfigurableBeanFactory configurable ? configurable.getBeanClassLoader() : null;
    }

    /** Metrics in the application's registry. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    @ConditionalOnBooleanProperty("spanflux.metrics.micrometer")
    static class MicrometerConfiguration {
        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnSingleCandidate(MeterRegistry.class)
        MetricTarget spanfluxMicrometerTarget(MeterRegistry registry) {
            return MicrometerTarget.of(registry);
        }
    }
}
