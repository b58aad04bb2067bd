// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.spring.annotation.TracedAdvisor;
import org.springframework.aop.Advisor;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Role;

/**
 * {@code @Traced} on methods of beans. The proxies are Spring Boot's: with AspectJ's weaver on the class path or without,
 * unless {@code spring.aop.auto=false}.
 */
@AutoConfiguration(after = SpanfluxAutoConfiguration.class)
@ConditionalOnClass(Advisor.class)
@ConditionalOnBean(Spanflux.class)
@ConditionalOnBooleanProperty(name = "spanflux.enabled", matchIfMissing = true)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class SpanfluxAnnotationAutoConfiguration {
    /** For Spring. */
    public SpanfluxAnnotationAutoConfiguration() {}

    // Needed before all other beans, and must not bring them along. Without AspectJ, Spring Boot looks for advisors of
    // this role only.
    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static TracedAdvisor spanfluxTracedAdvisor(
            ObjectProvider<Spanflux> spanflux, ObjectProvider<ReactiveTracer> tracer) {
        return new TracedAdvisor(spanflux::getObject, tracer::getObject);
    }
}
