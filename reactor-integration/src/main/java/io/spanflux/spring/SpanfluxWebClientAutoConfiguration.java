// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.spring.models.GenerationTrace;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.webclient.WebClientCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.web.reactive.function.client.WebClient;

/** {@link GenerationTrace} and, inside of it, {@link TracePropagation} in each {@code WebClient} that is made from Spring Boot's builder. */
@AutoConfiguration(after = SpanfluxAutoConfiguration.class)
@ConditionalOnClass({WebClient.class, WebClientCustomizer.class})
@ConditionalOnBean(Spanflux.class)
@ConditionalOnBooleanProperty(name = "spanflux.enabled", matchIfMissing = true)
public final class SpanfluxWebClientAutoConfiguration {
    /** For Spring. */
    public SpanfluxWebClientAutoConfiguration() {}

    @Bean
    WebClientCustomizer spanfluxWebClientCustomizer(Spanflux spanflux, SpanfluxProperties properties) {
        TracePropagation propagation = TracePropagation.of(
                spanflux.propagator(), properties.webclient().hosts().toArray(new String[0]));
        if (!properties.webclient().generations()) {
            return builder -> builder.filter(propagation);
        }
        GenerationTrace generations = GenerationTrace.of(spanflux);
        return builder -> builder.filter(generations).filter(propagation);
    }
}
