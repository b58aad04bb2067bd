// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Embeddings;
import io.spanflux.genai.GenAiData;
import io.spanflux.genai.Generation;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.web.reactive.function.client.ClientRequest;

/**
 * An endpoint that generates, or makes embeddings. Told by its path, since compatible servers run on any host; the provider by the host where it is
 * one's own, else by the format.
 */
final class Endpoint {
    private static final Map<String, String> PROVIDERS = Map.ofEntries(
            Map.entry("api.openai.com", "openai"),
            Map.entry("api.anthropic.com", "anthropic"),
            Map.entry("generativelanguage.googleapis.com", "gcp.gemini"),
            Map.entry("api.groq.com", "groq"),
            Map.entry("api.deepseek.com", "deepseek"),
            Map.entry("api.mistral.ai", "mistral_ai"),
            Map.entry("api.x.ai", "x_ai"),
            Map.entry("api.perplexity.ai", "perplexity"),
            Map.entry("api.cohere.com", "cohere"),
            Map.entry("api.cohere.ai", "cohere"),
            Map.entry("api.moonshot.ai", "moonshot_ai"),
            Map.entry("api.moonshot.cn", "moonshot_ai"));

    private static final String GENERATE = ":generateContent";
    private static final String STREAM = ":streamGenerateContent";
    private static final String EMBED = ":embedContent";
    private static final String EMBED_BATCH = ":batchEmbedContents";

    private final URI uri;
    private final String format;
    private final String operation;
    private final @Nullable String model;
    private final Supplier<ModelApi> api;

    private Endpoint(URI uri, String format, String operation, @Nullable String model, Supplier<ModelApi> api) {
        this.uri = uri;
        this.format = format;
        this.operation = operation;
        this.model = model;
        this.api = api;
    }

    /** The endpoint of {@code request}, null where it is none of a model. */
    static @Nullable Endpoint of(ClientRequest request) {
        URI uri = request.url();
        String path = uri.getPath();
        if (path == null || !HttpMethod.POST.equals(request.method())) {
            return null;
        }
        if (path.endsWith("/chat/completions")) {
            return new Endpoint(uri, "openai", "chat", deployment(path), () -> new OpenAiChat());
        } else if (path.endsWith("/completions")) {
            return new Endpoint(uri, "openai", "text_completion", deployment(path), () -> new OpenAiChat());
        } else if (path.endsWith("/v1/responses") || path.endsWith("/openai/responses")) {
            return new Endpoint(uri, "openai", "chat", null, OpenAiResponses::new);
        } else if (path.endsWith("/v1/messages") && request.headers().containsHeader("anthropic-version")) {
            return new Endpoint(uri, "anthropic", "chat", null, AnthropicMessages::new);
        } else if (path.endsWith(GENERATE) || path.endsWith(STREAM)) {
            boolean stream = path.endsWith(STREAM);
            return new Endpoint(uri, "gcp.gen_ai", "generate_content", named(path), () -> new GeminiContent(stream));
        } else if (path.endsWith("/embeddings")) {
            return new Endpoint(uri, "openai", "embeddings", deployment(path), OpenAiEmbeddings::new);
        } else if (path.endsWith(EMBED) || path.endsWith(EMBED_BATCH)) {
            return new Endpoint(uri, "gcp.gen_ai", "embeddings", named(path), GeminiEmbeddings::new);
        }
        return null;
    }

    /** Google's {@code /models/name:method}. */
    private static String named(String path) {
        return path.substring(path.lastIndexOf('/') + 1, path.lastIndexOf(':'));
    }

    /** What Azure has instead of a model: {@code /openai/deployments/name/chat/completions}. */
    private static @Nullable String deployment(String path) {
        String before = "/deployments/";
        int start = path.indexOf(before);
        if (start < 0) {
            return null;
        }
        int name = start + before.length();
        int end = path.indexOf('/', name);
        return end > name ? path.substring(name, end) : null;
    }

    /** The data of a call's own span. */
    GenAiData data() {
        String provider = provider();
        if (isEmbeddings()) {
            return Embeddings.of(provider, model).server(uri.getHost(), port());
        }
        Generation generation = switch (operation) {
            case "text_completion" -> Generation.textCompletion(provider, model);
            case "generate_content" -> Generation.generateContent(provider, model);
            default -> Generation.chat(provider, model);
        };
        return generation.server(uri.getHost(), port());
    }

    /** Whether a span about {@code outer} is that of the call already. */
    boolean isSaidBy(GenAiData outer) {
        return isEmbeddings() ? outer instanceof Embeddings : outer instanceof Generation;
    }

    private boolean isEmbeddings() {
        return operation.equals("embeddings");
    }

    private int port() {
        if (uri.getPort() > 0) {
            return uri.getPort();
        }
        return "http".equalsIgnoreCase(uri.getScheme()) ? 80 : 443;
    }

    private String provider() {
        String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
        String known = PROVIDERS.get(host);
        if (known != null) {
            return known;
        } else if (host.endsWith(".openai.azure.com")) {
            return "azure.ai.openai";
        } else if (host.endsWith(".services.ai.azure.com") || host.endsWith(".models.ai.azure.com")) {
            return "azure.ai.inference";
        } else if (host.equals("aiplatform.googleapis.com") || host.endsWith("-aiplatform.googleapis.com")) {
            return "gcp.vertex_ai";
        }
        return format;
    }

    ModelApi api() {
        return api.get();
    }
}
