// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.config.Environment;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.spring.RequestScope;
import io.spanflux.trace.Scope;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.util.MultiValueMap;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

/**
 * The {@link SupportAgent} behind a page, on Spring Boot and WebFlux. Of tracing there is only who asks, {@link #requestScope};
 * the rest is Spanflux's auto-configuration.
 *
 * <p>Needs nothing: model and collector are embedded, as in {@link SupportAgentDemo}, and replaced by the same variables.
 *
 * <p>Threads: the server's event loops; nothing blocks.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(ChatController.class)
public class ChatApplication {
    private static final String DEFAULT_MODEL = "gpt-4o-mini";

    /** For Spring. */
    public ChatApplication() {}

    /** Runs it at port 8080, or what {@code --server.port} or {@code SERVER_PORT} says, until the process is stopped. */
    public static void main(String[] args) {
        Running running = start(Environment.system(), args);
        System.out.println("Ask the support agent at http://localhost:" + running.port() + " (Ctrl-C ends it)");
    }

    /**
     * The application and what is embedded beside it.
     *
     * @param context the application
     * @param model null where {@code OPENAI_BASE_URL} names one
     * @param collector null where {@code OTEL_*} names one
     */
    record Running(
            ConfigurableApplicationContext context,
            @Nullable LoopbackLlmServer model,
            @Nullable LoopbackCollector collector)
            implements AutoCloseable {
        int port() {
            return Objects.requireNonNull(((WebServerApplicationContext) context).getWebServer())
                    .getPort();
        }

        /** The application first, which delivers its spans then. */
        @Override
        public void close() {
            context.close();
            if (model != null) {
                model.close();
            }
            if (collector != null) {
                collector.close();
            }
        }
    }

    static Running start(Environment environment, String... args) {
        String baseUrl = environment.text("OPENAI_BASE_URL");
        String destination = environment.firstSet(
                "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
        LoopbackLlmServer model = baseUrl == null ? LoopbackLlmServer.start() : null;
        LoopbackCollector collector = destination == null ? LoopbackCollector.start() : null;
        Map<String, Object> properties = new HashMap<>();
        properties.put("chat.base-url", model == null ? Objects.requireNonNull(baseUrl) : model.baseUrl());
        properties.put("chat.api-key", orElse(environment.text("OPENAI_API_KEY"), model == null ? "" : "embedded"));
        properties.put("chat.model", orElse(environment.text("OPENAI_MODEL"), DEFAULT_MODEL));
        SpringApplication application = new SpringApplication(ChatApplication.class);
        if (collector != null) {
            properties.put("spanflux.otlp.endpoint", collector.endpoint());
            application.addInitializers(context -> context.getBeanFactory().registerSingleton("collector", collector));
        }
        application.setDefaultProperties(properties);
        return new Running(application.run(args), model, collector);
    }

    private static String orElse(@Nullable String text, String otherwise) {
        return text == null ? otherwise : text;
    }

    @Bean
    SupportAgent supportAgent(
            WebClient.Builder http,
            @Value("${chat.base-url}") String baseUrl,
            @Value("${chat.api-key}") String apiKey,
            @Value("${chat.model}") String model,
            ReactiveTracer trace) {
        OpenAiClient llm = new OpenAiClient(http, baseUrl, apiKey.isEmpty() ? null : apiKey);
        return new SupportAgent(llm, new OrderStatusTool(), trace, model);
    }

    /** Who asks. A real application has them from its session or its token, see Spring Security. */
    @Bean
    RequestScope requestScope() {
        return exchange -> {
            MultiValueMap<String, String> query = exchange.getRequest().getQueryParams();
            String user = query.getFirst("user");
            String conversation = query.getFirst("conversation");
            return user == null || conversation == null
                    ? Mono.empty()
                    : Mono.just(Scope.none().user(user).conversation(conversation));
        };
    }
}
