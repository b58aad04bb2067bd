// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.ByteBufFlux;
import reactor.netty.NettyOutbound;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientRequest;
import reactor.netty.http.client.HttpClientResponse;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.transport.NameResolverProvider;

/**
 * Posts bodies with reactor-netty over HTTP/1.1, on a connection pool and an event loop of its own that share nothing with
 * the application's clients. A body is encoded on that event loop while it leaves; one below 128 KiB, compressed if it is
 * to be, is sent with a content length, a larger one in chunks.
 *
 * <p>Bounds: one connection or {@link Builder#maxConnections}, 16 requests waiting for it, one attempt at most {@link Builder#timeout}, 4 MiB of response.
 * Redirects are never followed: they would carry credentials elsewhere.
 *
 * <p>Threads: one daemon thread {@code spanflux-http-*}, started at the first request and ended by {@link #close()}.
 */
public final class ReactorNettySender implements PayloadSender {
    static final int MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

    private static final int MAX_PENDING_ACQUIRES = 16;

    private final URI endpoint;
    private final Map<String, String> headers;
    private final Duration timeout;
    private final Duration maxIdleTime;
    private final Compression compression;
    private final boolean contentLength;
    private final int maxConnections;
    private final @Nullable SslContext sslContext;
    private final UnaryOperator<HttpClient> customizer;
    private final AtomicReference<@Nullable Connections> connections = new AtomicReference<>();

    private ReactorNettySender(Builder builder, @Nullable SslContext sslContext) {
        this.endpoint = builder.endpoint;
        this.headers = Map.copyOf(builder.headers);
        this.timeout = builder.timeout;
        this.maxIdleTime = builder.maxIdleTime;
        this.compression = builder.compression;
        this.contentLength = builder.contentLength;
        this.maxConnections = builder.maxConnections;
        this.customizer = builder.customizer;
        this.sslContext = sslContext;
    }

    /** A sender to {@code endpoint}, an absolute http or https URL that is used as it is. */
    public static Builder builder(String endpoint) {
        return new Builder(endpoint);
    }

    /** What is open between the first request and {@link #close()}. */
    private record Connections(
            HttpClient client, ConnectionProvider provider, DnsAddressResolverGroup resolver, LoopResources loop) {
        Mono<Void> dispose() {
            // No quiet period: reactor-netty's default would make every shutdown wait two seconds.
            return provider.disposeLater()
                    .then(Mono.<Void>fromRunnable(resolver::close))
                    .then(loop.disposeLater(Duration.ZERO, Duration.ofSeconds(5)));
        }
    }

    /** Open connections. The first use loads Netty's native libraries from files, which may take a thread's time. */
    private Mono<Connections> connections() {
        Connections existing = connections.get();
        return existing != null
                ? Mono.just(existing)
                : Mono.fromSupplier(this::open).subscribeOn(Schedulers.boundedElastic());
    }

    private Connections open() {
        Connections existing = connections.get();
        if (existing != null) {
            return existing;
        }
        Connections opened = connect();
        if (connections.compareAndSet(null, opened)) {
            return opened;
        }
        opened.dispose().subscribe(nothing -> {}, failure -> {});
        return open();
    }

    private Connections connect() {
        LoopResources loop = LoopResources.create("spanflux-http", 1, true);
        ConnectionProvider provider = ConnectionProvider.builder("spanflux")
                .maxConnections(maxConnections)
                .pendingAcquireMaxCount(MAX_PENDING_ACQUIRES)
                .pendingAcquireTimeout(timeout)
                // Below the keep-alive time of common servers, or the first request after a pause would be reset.
                .maxIdleTime(maxIdleTime)
                .lifo()
                .build();
        // Our own: the one that comes with runOn stays in a cache of reactor-netty for good, and the loop with it.
        DnsAddressResolverGroup resolver =
                NameResolverProvider.builder().build().newNameResolverGroup(loop, LoopResources.DEFAULT_NATIVE);
        HttpClient client = HttpClient.create(provider)
                .resolver(resolver)
                .runOn(loop)
                // Ours knows the body, the server's wishes and when to stop.
                .disableRetry(true)
                .followRedirect(false)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(timeout.toMillis(), Integer.MAX_VALUE))
                .headers(this::setHeaders)
                // What speaks another protocol now must not be used again.
                .doOnResponse((response, connection) -> {
                    if (response.status().code() == HttpResponseStatus.SWITCHING_PROTOCOLS.code()) {
                        connection.markPersistent(false);
                    }
                });
        SslContext ssl = sslContext;
        if (ssl != null) {
            client = client.secure(spec -> spec.sslContext(ssl));
        }
        return new Connections(customizer.apply(client), provider, resolver, loop);
    }

    private void setHeaders(HttpHeaders target) {
        headers.forEach(target::set);
    }

    @Override
    public Mono<Response> send(Payload payload) {
        return Mono.deferContextual(context -> {
            SendingWatch watch = SendingWatch.from(context);
            return watch == null
                    ? exchange(payload)
                    : exchange(payload)
                            .doOnSubscribe(subscription -> watch.sending(target()))
                            .doOnNext(response -> watch.answered(target(), response.status()))
                            .doOnError(failure -> watch.failed(target(), failure));
        });
    }

    private Mono<Response> exchange(Payload payload) {
        return Mono.defer(this::connections)
                .flatMap(open -> open.client()
                        .post()
                        .uri(endpoint)
                        .send((request, outbound) -> write(payload, request, outbound))
                        .response(this::read)
                        .next())
                .timeout(timeout);
    }

    private Publisher<Void> write(Payload payload, HttpClientRequest request, NettyOutbound outbound) {
        payload.headers().forEach((name, value) -> request.requestHeaders().set(name, value));
        request.header(HttpHeaderNames.CONTENT_TYPE, payload.contentType());
        String contentEncoding = compression.contentEncoding();
        if (contentEncoding != null) {
            request.header(HttpHeaderNames.CONTENT_ENCODING, contentEncoding);
        }
        // Nothing is written before the subscription, which a request that was cancelled meanwhile never sees; and
        // whatever
        // ends the request, also a connection that is gone before the first buffer is asked for, closes the body.
        return Mono.using(
                () -> ChunkedBody.begin(payload, outbound.alloc(), compression),
                body -> write(body, request, outbound),
                ChunkedBody::close);
    }

    private Mono<Void> write(ChunkedBody body, HttpClientRequest request, NettyOutbound outbound) {
        try {
            if (body.fill(contentLength ? Integer.MAX_VALUE : 2)) {
                request.header(HttpHeaderNames.CONTENT_LENGTH, Long.toString(body.waitingBytes()));
            }
            return outbound.send(chunks(body)).then();
        } catch (UnwritableBodyException e) {
            return Mono.error(e);
        }
    }

    private static Flux<ByteBuf> chunks(ChunkedBody body) {
        return Flux.generate(sink -> {
            try {
                ByteBuf next = body.next();
                if (next == null) {
                    sink.complete();
                } else {
                    sink.next(next);
                }
            } catch (UnwritableBodyException e) {
                sink.error(e);
            }
        });
    }

    private Publisher<Response> read(HttpClientResponse response, ByteBufFlux content) {
        return content.reduceWith(ByteArrayOutputStream::new, ReactorNettySender::append)
                .map(body -> new Response(
                        response.status().code(),
                        response.responseHeaders()::get,
                        body.toByteArray(),
                        Secrets.of(response.requestHeaders(), Objects.requireNonNullElse(endpoint.getRawQuery(), ""))));
    }

    private static ByteArrayOutputStream append(ByteArrayOutputStream body, ByteBuf piece) {
        if (body.size() + (long) piece.readableBytes() > MAX_RESPONSE_BYTES) {
            throw Exceptions.propagate(new ResponseTooLargeException(MAX_RESPONSE_BYTES));
        }
        try {
            piece.readBytes(body, piece.readableBytes());
        } catch (IOException e) {
            throw Exceptions.propagate(e);
        }
        return body;
    }

    @Override
    public String target() {
        int port = endpoint.getPort();
        return endpoint.getScheme() + "://" + endpoint.getHost() + (port < 0 ? "" : ":" + port) + endpoint.getRawPath();
    }

    /** For all senders of a process at once, and for TLS as the JVM has it: what {@link Builder#httpClient} says is not tried. */
    @Override
    public Mono<Void> warmUp(Supplier<Payload> example) {
        return Rehearsal.once(example, "https".equalsIgnoreCase(endpoint.getScheme()));
    }

    @Override
    public Mono<Void> close() {
        return Mono.defer(() -> {
            Connections open = connections.getAndSet(null);
            // Subscribed to on its own: nobody else can end this thread any more, so only the wait can be cut short.
            return open == null ? Mono.empty() : Mono.fromFuture(open.dispose().toFuture(), true);
        });
    }

    /** Where to and how; header values and the query of the URL may be secrets and stay out. */
    @Override
    public String toString() {
        return "ReactorNettySender{" + target() + ", timeout=" + timeout + ", compression=" + compression + ", headers="
                + headers.keySet() + '}';
    }

    /** Collects what a sender needs; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private static final Set<String> RESERVED =
                Set.of("content-type", "content-length", "content-encoding", "transfer-encoding", "host", "connection");

        private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

        private final URI endpoint;
        private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        private Duration timeout = Duration.ofSeconds(10);
        private Duration maxIdleTime = Duration.ofSeconds(4);
        private Compression compression = Compression.NONE;
        private boolean contentLength;
        private int maxConnections = 1;
        private @Nullable Path certificate;
        private @Nullable Path clientCertificate;
        private @Nullable Path clientKey;
        private UnaryOperator<HttpClient> customizer = UnaryOperator.identity();

        private Builder(String endpoint) {
            this.endpoint = parse(Objects.requireNonNull(endpoint, "endpoint == null"));
        }

        private static URI parse(String endpoint) {
            URI uri;
            try {
                uri = new URI(endpoint);
            } catch (URISyntaxException e) {
                // Without its cause, whose message holds the whole text.
                throw new IllegalArgumentException("endpoint is not a URL: " + masked(endpoint));
            }
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            if ((!scheme.equals("http") && !scheme.equals("https")) || uri.getHost() == null) {
                throw new IllegalArgumentException(
                        "endpoint is not an http or https URL with a host: " + masked(endpoint));
            }
            if (uri.getUserInfo() != null) {
                throw new IllegalArgumentException("endpoint holds a user or password; send them in a header instead");
            }
            String query = uri.getRawQuery();
            return uri.getRawPath().isEmpty() ? uri.resolve(query == null ? "/" : "/?" + query) : uri;
        }

        /** Without a password, should there be one, which may hold any character, and without a query. */
        private static String masked(String endpoint) {
            return endpoint.replaceFirst("(?s)^((?:[^/@]*//)?).*@", "$1***@").replaceFirst("(?s)\\?.*", "?***");
        }

        /**
         * A header of each request; a second value replaces the first. Values are kept out of logs and
         * {@code toString}.
         */
        public Builder header(String name, String value) {
            Objects.requireNonNull(name, "header name == null");
            Objects.requireNonNull(value, "header value == null");
            if (name.isEmpty()
                    || !name.chars().allMatch(c -> c > 0x20 && c < 0x7F && "\"(),/:;<=>?@[\\]{}".indexOf(c) < 0)) {
                throw new IllegalArgumentException("header has a name that HTTP does not allow: " + name);
            }
            if (RESERVED.contains(name.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("header is set by the sender itself: " + name);
            }
            if (!value.chars().allMatch(c -> c == '\t' || (c >= 0x20 && c != 0x7F && c <= 0xFF))) {
                throw new IllegalArgumentException(
                        "header has a value with characters that HTTP does not allow: " + name);
            }
            headers.put(name, value);
            return this;
        }

        /**
         * How long one attempt may take, from connecting to the last byte of the answer. Default 10 s; positive, and more
         * than 292 years, which is what nanoseconds can count, is taken as that.
         */
        public Builder timeout(Duration timeout) {
            this.timeout = positive("timeout", timeout);
            return this;
        }

        /**
         * How long a connection may be idle and still be used again. Default 4 s, below the 5 s after which common
         * servers close; positive, with the upper bound of {@link #timeout}.
         */
        public Builder maxIdleTime(Duration maxIdleTime) {
            this.maxIdleTime = positive("maxIdleTime", maxIdleTime);
            return this;
        }

        private static Duration positive(String name, Duration duration) {
            if (duration.isNegative() || duration.isZero()) {
                throw new IllegalArgumentException(name + " is not positive: " + duration);
            }
            return duration.compareTo(LONGEST) > 0 ? LONGEST : duration;
        }

        /**
         * How bodies are compressed. Default not at all. {@link Compression#ZSTD} is refused where its library is missing
         * or cannot be loaded, which the first call tries, from a file.
         */
        public Builder compression(Compression compression) {
            Objects.requireNonNull(compression, "compression == null").requireAvailable();
            this.compression = compression;
            return this;
        }

        /**
         * Whether a body of any size is sent with a content length, for servers that do not take chunks; it is then held
         * as a whole while it is sent. Default false.
         */
        public Builder alwaysContentLength(boolean always) {
            this.contentLength = always;
            return this;
        }

        /**
         * How many connections may be open. Default 1: a pipeline has one batch under way, and with a second connection
         * every other batch would open or warm it. More are for who sends a batch as several bodies; 1 to 64.
         */
        public Builder maxConnections(int maxConnections) {
            if (maxConnections < 1 || maxConnections > 64) {
                throw new IllegalArgumentException("maxConnections is not between 1 and 64: " + maxConnections);
            }
            this.maxConnections = maxConnections;
            return this;
        }

        /** The certificates to trust, a PEM file, instead of the JVM's. */
        public Builder certificate(Path pem) {
            this.certificate = Objects.requireNonNull(pem, "certificate == null");
            return this;
        }

        /** The certificate and the key (PKCS#8) to show to the server, PEM files. */
        public Builder clientCertificate(Path certificatePem, Path keyPem) {
            this.clientCertificate = Objects.requireNonNull(certificatePem, "clientCertificate == null");
            this.clientKey = Objects.requireNonNull(keyPem, "clientKey == null");
            return this;
        }

        /**
         * A last word on the client: proxy, TLS, wire logging, another pool. Called each time connections are opened;
         * must not block.
         */
        public Builder httpClient(UnaryOperator<HttpClient> customizer) {
            this.customizer = Objects.requireNonNull(customizer, "httpClient == null");
            return this;
        }

        /** The sender; nothing is opened yet. */
        public ReactorNettySender build() {
            return new ReactorNettySender(this, sslContext());
        }

        private @Nullable SslContext sslContext() {
            if (certificate == null && clientCertificate == null) {
                return null;
            }
            if (!"https".equalsIgnoreCase(endpoint.getScheme())) {
                throw new IllegalArgumentException("certificate is of no use: the endpoint is not https");
            }
            SslContextBuilder ssl = SslContextBuilder.forClient().endpointIdentificationAlgorithm("HTTPS");
            if (certificate != null) {
                Path file = readable("certificate", certificate);
                refuse("certificate", file, () -> ssl.trustManager(file.toFile()));
            }
            if (clientCertificate != null && clientKey != null) {
                Path file = readable("clientCertificate", clientCertificate);
                Path key = readable("clientKey", clientKey);
                refuse("clientCertificate", file, () -> ssl.keyManager(file.toFile(), key.toFile()));
            }
            try {
                return ssl.build();
            } catch (IOException e) {
                throw new IllegalArgumentException("certificate cannot be used: " + e.getMessage(), e);
            }
        }

        private static Path readable(String name, Path file) {
            if (!Files.isReadable(file) || Files.isDirectory(file)) {
                throw new IllegalArgumentException(name + " cannot be read: " + file);
            }
            return file;
        }

        private static void refuse(String name, Path file, Runnable use) {
            try {
                use.run();
            } catch (RuntimeException e) {
                throw new IllegalArgumentException(name + " is not a usable PEM file: " + file, e);
            }
        }
    }
}
