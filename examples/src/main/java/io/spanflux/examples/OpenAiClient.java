// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.examples.ChatChunk.Failure;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.codec.DecodingException;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.http.codec.json.JacksonJsonDecoder;
import org.springframework.http.codec.json.JacksonJsonEncoder;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

import static com.fasterxml.jackson.annotation.JsonInclude.Include.NON_NULL;

/**
 * OpenAI's chat completions over Spring's WebClient. Knows nothing of tracing: whoever calls it wraps the call.
 *
 * <p>Bounds: WebClient's own, 256 KiB for an answer and for each event of a stream.
 *
 * <p>Threads: any; answers arrive on reactor-netty's event loops.
 */
final class OpenAiClient {
    private static final String DONE = "[DONE]";

    private static final ParameterizedTypeReference<ServerSentEvent<String>> EVENTS =
            new ParameterizedTypeReference<>() {};

    private static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .changeDefaultPropertyInclusion(inclusion -> inclusion.withValueInclusion(NON_NULL))
            .build();

    private final URI endpoint;
    private final WebClient http;

    /** A client of the server at {@code baseUrl}, which ends in {@code /v1} for most; without a key it sends none. */
    OpenAiClient(String baseUrl, @Nullable String apiKey) {
        this(WebClient.builder(), baseUrl, apiKey);
    }

    /** The same over what {@code builder} makes, for example Spring Boot's, with the filters that an application has. */
    OpenAiClient(WebClient.Builder builder, String baseUrl, @Nullable String apiKey) {
        this.endpoint = endpoint(baseUrl);
        builder.codecs(codecs -> {
            codecs.defaultCodecs().jacksonJsonEncoder(new JacksonJsonEncoder(JSON));
            codecs.defaultCodecs().jacksonJsonDecoder(new JacksonJsonDecoder(JSON));
        });
        if (apiKey != null) {
            builder.defaultHeaders(headers -> headers.setBearerAuth(apiKey));
        }
        this.http = builder.build();
    }

    /** As OpenAI's SDKs do: below the path, with or without a slash at its end, and before a query. */
    private static URI endpoint(String baseUrl) {
        URI base;
        try {
            base = new URI(baseUrl);
        } catch (URISyntaxException e) {
            // Without the cause, which quotes the URL, and with it a password that may be in it.
            throw new IllegalArgumentException("baseUrl is not a URL");
        }
        String scheme = base.getScheme();
        if (base.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
            throw new IllegalArgumentException("baseUrl is not an http or https URL with a host");
        }
        String path = base.getRawPath().replaceAll("/+$", "") + "/chat/completions";
        String query = base.getRawQuery() == null ? "" : '?' + base.getRawQuery();
        return URI.create(scheme + "://" + base.getRawAuthority() + path + query);
    }

    /** The answer as a whole. */
    Mono<ChatCompletion> complete(ChatRequest request) {
        return post(request, MediaType.APPLICATION_JSON)
                .bodyToMono(ChatCompletion.class)
                .onErrorMap(DecodingException.class, e -> new OpenAiException("The answer is not a chat completion"));
    }

    /** The answer as it is generated. What breaks it off is the stream's error, after the chunks that came before. */
    Flux<ChatChunk> stream(ChatRequest request) {
        return post(request.streamed(), MediaType.TEXT_EVENT_STREAM)
                .bodyToFlux(EVENTS)
                .mapNotNull(event -> event.data())
                // Not takeUntil, which would cancel, and cost a connection that can be used again.
                .filter(data -> !data.equals(DONE))
                .map(OpenAiClient::chunk);
    }

    private WebClient.ResponseSpec post(ChatRequest request, MediaType accept) {
        return http.post()
                .uri(endpoint)
                .contentType(MediaType.APPLICATION_JSON)
                .accept(accept)
                .bodyValue(request)
                .retrieve();
    }

    private static ChatChunk chunk(String data) {
        ChatChunk chunk = chunkOrNull(data);
        if (chunk == null) {
            throw new OpenAiException("An event of the stream is not a chunk of a chat completion");
        }
        Failure failure = chunk.error();
        if (failure != null) {
            throw new OpenAiException("The server broke the answer off: " + failure.type());
        }
        return chunk;
    }

    private static @Nullable ChatChunk chunkOrNull(String data) {
        try {
            return JSON.readValue(data, ChatChunk.class);
        } catch (JacksonException e) {
            // Its message quotes what it could not read, and may not go on.
            return null;
        }
    }

    /** The host that is called. */
    String host() {
        return endpoint.getHost();
    }

    /** The port that is called. */
    int port() {
        int port = endpoint.getPort();
        return port > 0 ? port : "https".equals(endpoint.getScheme()) ? 443 : 80;
    }

    /** Where to; never the key. */
    @Override
    public String toString() {
        return "OpenAiClient{" + host() + ':' + port() + endpoint.getRawPath() + '}';
    }
}
