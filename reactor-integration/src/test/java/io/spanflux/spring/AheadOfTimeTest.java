// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Span;
import org.junit.jupiter.api.Test;
import org.springframework.aot.test.generate.TestGenerationContext;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.test.tools.CompileWithForkedClassLoader;
import org.springframework.core.test.tools.Compiled;
import org.springframework.core.test.tools.TestCompiler;
import org.springframework.javapoet.ClassName;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

class AheadOfTimeTest {
    @Test
    @CompileWithForkedClassLoader
    void processedContext_compiles_startsAndTraces() {
        TestGenerationContext generation = new TestGenerationContext(ClassName.get("io.spanflux.spring", "Processed"));
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(
                Kept.class,
                SpanfluxAutoConfiguration.class,
                SpanfluxWebClientAutoConfiguration.class,
                SpanfluxAnnotationAutoConfiguration.class);
        ClassName initializer = new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
        generation.writeGeneratedContent();
        TestCompiler.forSystem().with(generation).compile(compiled -> {
            GenericApplicationContext processed = new GenericApplicationContext();
            initializer(compiled, initializer.canonicalName()).initialize(processed);
            processed.refresh();
            Mono.just(1)
                    .transform(processed.getBean(ReactiveTracer.class).span("work"))
                    .block();
            InMemorySpanExporter kept = processed.getBean(InMemorySpanExporter.class);
            processed.close();
            assertThat(kept.spans()).extracting(Span::name).containsExactly("work");
        });
    }

    @SuppressWarnings("unchecked")
    private static ApplicationContextInitializer<GenericApplicationContext> initializer(
            Compiled compiled, String name) {
        return compiled.getInstance(ApplicationContextInitializer.class, name);
    }

    @Configuration(proxyBeanMethods = false)
    static class Kept {
        @Bean
        InMemorySpanExporter kept() {
            return InMemorySpanExporter.create();
        }
    }
}
