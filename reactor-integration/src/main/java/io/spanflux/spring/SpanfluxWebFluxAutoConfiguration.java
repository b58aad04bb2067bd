// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.web.reactive.DispatcherHandler;
import org.springframework.web.reactive.socket.server.support.WebSocketHandlerAdapter;

/** The filter of incoming requests, in WebFlux applications. */
@AutoConfiguration(after = SpanfluxAutoConfiguration.class)
@ConditionalOnClass(DispatcherHandler.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnBean(Spanflux.class)
@ConditionalOnBooleanProperty(name = "spanflux.enabled", matchIfMissing = true)
public final class SpanfluxWebFluxAutoConfiguration {
    /** For Spring. */
    public SpanfluxWebFluxAutoConfiguration() {}

    @Bean
    @ConditionalOnBooleanProperty(name = "spanflux.webflux.enabled", matchIfMissing = true)
    ServerTraceFilter spanfluxServerTraceFilter(
            Spanflux spanflux, SpanfluxProperties properties, ObjectProvider<RequestScope> scope) {
        return new ServerTraceFilter(spanflux, scope.getIfAvailable(), properties.webflux());
    }

    @Bean
    @ConditionalOnBooleanProperty(name = "spanflux.webflux.enabled", matchIfMissing = true)
    @ConditionalOnBooleanProperty(name = "spanflux.webflux.server-span", matchIfMissing = true)
    TracedWebSocketAdapter spanfluxWebSocketAdapter(ObjectProvider<WebSocketHandlerAdapter> adapters) {
        return new TracedWebSocketAdapter(adapters);
    }
}
