// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.Spanflux;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.genai.GenAiData;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Makes a span of each call of a model that goes through a {@code WebClient}: endpoints that speak as OpenAI's chat completions,
 * completions, responses and embeddings do, as Anthropic's messages and as Gemini's {@code generateContent} and
 * {@code embedContent}, on whatever host.
 *
 * <pre>{@code
 * WebClient.builder().filter(GenerationTrace.of(spanflux))
 * }</pre>
 *
 * <p>Model and options are read from the request, ids, finish reasons and tokens from the answer, whole or streamed, as the bytes
 * pass: none is held back, changed or added. Messages are taken only where content is captured. Other requests pass untouched. A
 * call inside a generation that the application traces itself, by {@code trace.chat(...)}, makes no second span; it tells that one;
 * so do embeddings inside {@code trace.embeddings(...)}. Tokens of several calls in one add up, unless the application says itself what
 * all took. Vectors are never taken.
 *
 * <p>The span ends with the body of the answer, with an error, or when the caller leaves. Each attempt of a {@code retry} above is a
 * span. Tokens of OpenAI's streams are known only where the request asks for {@code stream_options.include_usage}.
 *
 * <p>Bound: of a request and of an answer, or an event of it, 1 MiB of texts where content is captured and some kilobytes where
 * it is not. What is beyond is cut; what cannot be read is counted and warned of, and the call goes on.
 *
 * <p>Threads: immutable; calls are looked at on the threads they run on.
 */
public final class GenerationTrace implements ExchangeFilterFunction {
    private static final Logger log = LoggerFactory.getLogger(GenerationTrace.class);

    private final Tracer tracer;
    private final RepeatedWarning failures = new RepeatedWarning(log);
    private final RepeatedWarning unreadable = new RepeatedWarning(log);

    private GenerationTrace(Tracer tracer) {
        this.tracer = tracer;
    }

    /** Traces with {@code spanflux}. */
    public static GenerationTrace of(Spanflux spanflux) {
        return new GenerationTrace(spanflux.tracer());
    }

    @Override
    public Mono<ClientResponse> filter(ClientRequest request, ExchangeFunction next) {
        Endpoint endpoint = tracer.isEnabled() ? Endpoint.of(request) : null;
        return endpoint == null
                ? next.exchange(request)
                : Mono.deferContextual(context -> traced(request, next, endpoint, context));
    }

    private Mono<ClientResponse> traced(
            ClientRequest request, ExchangeFunction next, Endpoint endpoint, ContextView context) {
        Span outer = Span.from(context);
        if (outer != null && outer.data() instanceof GenAiData data && endpoint.isSaidBy(data) && !outer.hasEnded()) {
            return outer.isRecording()
                    ? watched(request, next, endpoint.api(), CallSpan.around(outer, data, tracer.clock(), failures))
                    : next.exchange(request);
        }
        GenAiData data = endpoint.data();
        Span span = tracer.start(data, context);
        Mono<ClientResponse> exchange = span.isRecording()
                ? watched(request, next, endpoint.api(), CallSpan.own(span, data, tracer.clock(), failures))
                : next.exchange(request);
        return exchange.contextWrite(span::storeIn);
    }

    private Mono<ClientResponse> watched(ClientRequest request, ExchangeFunction next, ModelApi api, CallSpan call) {
        ClientRequest watched = ClientRequest.from(request)
                .body((outgoing, context) ->
                        request.body().insert(new WatchedRequest(outgoing, new RequestBytes(api, call)), context))
                .build();
        return Mono.defer(() -> next.exchange(watched))
                .map(response -> answered(response, api, call))
                .doOnSuccess(response -> {
                    if (response == null) {
                        call.completed();
                    }
                })
                .doOnError(call::failed)
                .doOnCancel(() -> {
                    // Once its body is read, that says how the call ended.
                    if (!call.isReading()) {
                        call.cancelled();
                    }
                });
    }

    private ClientResponse answered(ClientResponse response, ModelApi api, CallSpan call) {
        call.answered(response.statusCode().value());
        return response.mutate()
                .body(body -> Flux.defer(() -> {
                    AnswerBytes bytes = AnswerBytes.of(response.headers().asHttpHeaders(), api, call, unreadable);
                    call.reading(bytes);
                    // Hidden: a body made from a collection is read as one, by some who never ask for its end.
                    return body.hide()
                            .doOnNext(bytes::see)
                            .doOnComplete(() -> {
                                bytes.over();
                                call.completed();
                            })
                            .doOnError(call::failed)
                            .doOnCancel(call::cancelled);
                }))
                .build();
    }

    /** How many answers nothing could be read from: neither JSON nor server-sent events of it. */
    public long unreadableAnswers() {
        return unreadable.count();
    }

    /** How many times the description of a call failed. */
    public long failures() {
        return failures.count();
    }

    @Override
    public String toString() {
        return "GenerationTrace{" + tracer + '}';
    }
}
