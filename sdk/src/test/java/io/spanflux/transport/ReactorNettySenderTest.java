// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.LeakPresenceDetector;
import io.spanflux.test.HttpThreads;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.test.TlsFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Real sockets, a server that misbehaves on request, and no buffer left behind. */
@Timeout(30)
class ReactorNettySenderTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    static Path keys;

    private static TlsFiles localhost;
    private static TlsFiles elsewhere;

    private final HttpThreads threads = new HttpThreads();
    private final LoopbackServer server = LoopbackServer.start();
    private ReactorNettySender sender = sender(UnaryOperator.identity());

    private ReactorNettySender sender(UnaryOperator<ReactorNettySender.Builder> options) {
        return options.apply(ReactorNettySender.builder(server.url("/v1/traces")))
                .build();
    }

    @BeforeAll
    static void makeCertificates() {
        localhost = TlsFiles.create(keys, "localhost");
        elsewhere = TlsFiles.create(keys, "elsewhere.test");
    }

    @AfterEach
    void close() {
        sender.close().block(LONG);
        server.close();
    }

    @AfterAll
    static void noBufferIsLeftBehind() {
        LeakPresenceDetector.check();
    }

    private Response send(Payload payload) {
        return sender.send(payload).block(LONG);
    }

    // ---- requests ------------------------------------------------------------------------------------------------

    @Test
    void send_aSmallBody_hasALength() {
        Response response = send(TextPayload.of("{\"a\":1}"));

        assertThat(response.status()).isEqualTo(200);
        assertThat(response.isSuccess()).isTrue();
        assertThat(new String(response.body())).isEqualTo("{}");
        Request request = server.requests().get(0);
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.path()).isEqualTo("/v1/traces");
        assertThat(request.text()).isEqualTo("{\"a\":1}");
        assertThat(request.header("content-type")).isEqualTo("application/json");
        assertThat(request.header("content-length")).isEqualTo("7");
        assertThat(request.header("transfer-encoding")).isNull();
        assertThat(request.header("content-encoding")).isNull();
        assertThat(request.header("host")).isEqualTo("localhost:" + server.port());
    }

    @Test
    void send_anEmptyBody_hasALengthOfZero() {
        send(TextPayload.repeated("", 0));
        assertThat(server.requests().get(0).header("content-length")).isEqualTo("0");
    }

    @Test
    void send_aBodyBeyondOneBuffer_leavesInChunks() {
        TextPayload payload = TextPayload.repeated("0123456789".repeat(1_000), 300);

        assertThat(send(payload).status()).isEqualTo(200);

        Request request = server.requests().get(0);
        assertThat(request.chunked()).isTrue();
        assertThat(request.header("content-length")).isNull();
        assertThat(request.text()).isEqualTo(payload.text());
    }

    @ParameterizedTest
    @CsvSource({"131071, 131071", "131072, "})
    void send_aBodyBelowTwoBuffers_hasALength(int size, String length) {
        send(TextPayload.of("x".repeat(size)));
        assertThat(server.requests().get(0).header("content-length")).isEqualTo(length);
    }

    @ParameterizedTest
    @EnumSource
    void send_alwaysContentLength_holdsForLargeBodies(Compression compression) {
        sender = sender(options -> options.alwaysContentLength(true).compression(compression));
        String noise = noise();

        send(TextPayload.of(noise));

        Request request = server.requests().get(0);
        assertThat(request.chunked()).isFalse();
        assertThat(request.header("content-length")).isEqualTo(Integer.toString(request.wireBytes()));
        assertThat(request.wireBytes()).isBetween(3 * ChunkedBody.CHUNK_SIZE, noise.length());
        assertThat(request.text()).isEqualTo(noise);
    }

    @ParameterizedTest
    @CsvSource({"GZIP, 0", "GZIP, 1", "GZIP, 7", "GZIP, 300", "ZSTD, 0", "ZSTD, 1", "ZSTD, 7", "ZSTD, 300"})
    void send_compressed_isCompressedOnTheWay(Compression compression, int pieces) {
        sender = sender(options -> options.compression(compression));
        TextPayload payload = TextPayload.repeated("0123456789".repeat(1_000), pieces);

        send(payload);

        Request request = server.requests().get(0);
        assertThat(request.header("content-encoding")).isEqualTo(compression.contentEncoding());
        assertThat(request.text()).isEqualTo(payload.text());
        assertThat(request.wireBytes()).isLessThan(100 + payload.text().length() / 10);
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void send_compressedOfWhatDoesNotCompress_leavesInChunksToo(Compression compression) {
        sender = sender(options -> options.compression(compression));
        String noise = noise();

        send(TextPayload.of(noise));

        assertThat(server.requests().get(0).chunked()).isTrue();
        assertThat(server.requests().get(0).text()).isEqualTo(noise);
    }

    private static String noise() {
        StringBuilder noise = new StringBuilder();
        long seed = 42;
        for (int i = 0; i < 300_000; i++) {
            seed = seed * 6364136223846793005L + 1442695040888963407L;
            noise.append((char) ('!' + (int) ((seed >>> 33) % 90)));
        }
        return noise.toString();
    }

    @ParameterizedTest
    @EnumSource
    void send_again_compressesTheBodyAnew(Compression compression) {
        sender = sender(options -> options.compression(compression));
        server.then(Behaviour.status(503, "")).then(Behaviour.resetMidBody());
        RetryPolicy policy = new RetryPolicy(Duration.ofMillis(1), Duration.ofMillis(5), LONG);
        String noise = noise();

        Response response = new RetryingSender(sender, policy, Schedulers.parallel())
                .send(TextPayload.of(noise))
                .block(LONG);

        assertThat(response.status()).isEqualTo(200);
        assertThat(server.requests())
                .hasSize(3)
                .allMatch(request -> request.text().equals(noise));
    }

    @Test
    void send_headers_areSentAndLastOneWins() {
        sender = sender(options -> options.header("x-api-key", "first")
                .header("X-API-Key", "second")
                .header("User-Agent", "Test/1"));
        send(TextPayload.of("{}"));
        Request request = server.requests().get(0);
        assertThat(request.header("x-api-key")).isEqualTo("second");
        assertThat(request.header("user-agent")).isEqualTo("Test/1");
        assertThat(request.headerLines().stream()
                        .filter(line -> line.toLowerCase().startsWith("x-api-key")))
                .hasSize(1);
    }

    @Test
    void send_twice_writesTheBodyAnewOverOneConnection() {
        TextPayload payload = TextPayload.of("{}");
        Mono<Response> sending = sender.send(payload);
        sending.block(LONG);
        sending.block(LONG);
        assertThat(payload.begun).hasValue(2);
        assertThat(server.requests()).hasSize(2);
        assertThat(server.connectionCount()).isEqualTo(1);
    }

    // ---- answers -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {101, 204, 302, 400, 401, 404, 413, 429, 500, 503, 599})
    void send_anyStatus_isAValue(int status) {
        server.otherwise(Behaviour.status(status, status == 204 || status == 101 ? "" : "why", "Retry-After: 7"));
        Response response = send(TextPayload.of("{}"));
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.retryAfter()).isEqualTo("7");
        assertThat(response.isSuccess()).isEqualTo(status == 204);
    }

    @Test
    void send_aRedirect_isNotFollowed() {
        try (LoopbackServer other = LoopbackServer.start()) {
            sender = sender(options -> options.header("authorization", "Bearer secret"));
            server.otherwise(Behaviour.status(307, "", "Location: " + other.url("/steal")));
            assertThat(send(TextPayload.of("{}")).status()).isEqualTo(307);
            assertThat(other.requests()).isEmpty();
        }
    }

    @Test
    void send_anAnswerThatRepeatsOurSecrets_isNotLoggedWithThem() {
        sender = ReactorNettySender.builder(server.url("/v1/traces?api-key=query-hunter2"))
                .header("authorization", "Basic " + Base64.getEncoder().encodeToString("me:basic-hunter2".getBytes()))
                .header("x-token", "token/long-hunter2==")
                .header("x-tenant", "t")
                .httpClient(client -> client.headers(headers -> headers.set("x-own", "Bearer own-hunter2")))
                .build();
        server.otherwise(exchange -> {
            Request request = server.requests().get(0);
            String echo = request.header("authorization")
                    + " basic-hunter2 token/long-hunter2== token\\/long-hunter2\\u003d " + request.header("x-own")
                    + " (own-hunter2) " + request.path() + " text/plain or application/json";
            exchange.answer(401, echo);
        });
        Response response = send(TextPayload.of("{}"));
        assertThat(response.excerpt())
                .isEqualTo(
                        "*** *** *** token\\/***\\u003d *** (***) /v1/traces?api-key=*** text/plain or application/json");
        assertThat(response.loggable("tell own-hunter2\u0085\u2028x", 9)).isEqualTo("tell *** ...");
    }

    @Test
    void excerpt_ofASecretBeyondItsLength_showsNoPartOfIt() {
        String token = "hunter2".repeat(300);
        sender = sender(options -> options.header("authorization", "Bearer " + token));
        server.otherwise(Behaviour.status(401, "x".repeat(180) + token + token));
        assertThat(send(TextPayload.of("{}")).excerpt()).isEqualTo("x".repeat(180) + "******");
    }

    @Test
    void send_aResponseBeyondTheBound_isRefused() {
        server.otherwise(Behaviour.body(5 * 1024 * 1024));
        assertThatThrownBy(() -> send(TextPayload.of("{}"))).hasRootCauseInstanceOf(ResponseTooLargeException.class);
        server.otherwise(Behaviour.ok());
        assertThat(send(TextPayload.of("{}")).status()).isEqualTo(200);
        assertThat(server.connectionCount()).isEqualTo(2);
    }

    @Test
    void send_aResponseOfTheBound_isRead() {
        server.otherwise(Behaviour.body(4 * 1024 * 1024));
        assertThat(send(TextPayload.of("{}")).body()).hasSize(4 * 1024 * 1024);
    }

    /** 64 MiB of zeros are 64 KiB on the wire, and stay that. */
    @Test
    void send_aCompressedAnswer_isNotInflated() throws IOException {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
            for (int i = 0; i < 64; i++) {
                gzip.write(new byte[1024 * 1024]);
            }
        }
        server.then(exchange -> {
            exchange.out()
                    .write(("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + bomb.size() + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            exchange.out().write(bomb.toByteArray());
            exchange.out().flush();
        });

        Response response = send(TextPayload.of("{}"));

        assertThat(response.body()).isEqualTo(bomb.toByteArray());
        assertThat(response.excerpt().length()).isLessThan(250);
    }

    @Test
    void send_anAnswerThatSwitchesProtocols_gainsNothing_andTheNextRequestIsFine() {
        sender = sender(options -> options.timeout(Duration.ofSeconds(2)));
        server.then(exchange -> {
            exchange.out()
                    .write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            exchange.out().flush();
        });

        assertThat(sender.send(TextPayload.of("{}"))
                        .map(Response::isSuccess)
                        .onErrorReturn(false)
                        .block(LONG))
                .isFalse();

        assertThat(send(TextPayload.of("{}")).status()).isEqualTo(200);
        assertThat(server.requests()).hasSize(2);
    }

    static Stream<Arguments> noAnswers() {
        return Stream.of(
                Arguments.of("closed", Behaviour.close(), IOException.class),
                Arguments.of("reset", Behaviour.reset(), IOException.class),
                Arguments.of("reset mid-body", Behaviour.resetMidBody(), IOException.class),
                Arguments.of("hung", Behaviour.hang(), TimeoutException.class),
                Arguments.of("dripping", Behaviour.drip(), TimeoutException.class),
                Arguments.of(
                        "not HTTP",
                        (Behaviour) exchange -> {
                            exchange.out().write("220 smtp.example.com ESMTP\r\n\r\n".getBytes());
                            exchange.out().flush();
                        },
                        Exception.class));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("noAnswers")
    void send_noAnswer_isAnError_andTheNextRequestIsFine(
            String name, Behaviour behaviour, Class<? extends Throwable> failure) {
        sender = sender(options -> options.timeout(Duration.ofMillis(600)));
        // Once before, so that the connection is one that was used already.
        send(TextPayload.of("{}"));
        server.then(behaviour);

        assertThatThrownBy(() -> send(TextPayload.repeated("0123456789".repeat(100), 200)))
                .satisfiesAnyOf(
                        thrown -> assertThat(thrown).isInstanceOf(failure),
                        thrown -> assertThat(thrown).hasCauseInstanceOf(failure));

        assertThat(send(TextPayload.of("{}")).status()).isEqualTo(200);
    }

    @Test
    void send_aTimeoutOfTheClientItself_isWorthAnotherAttempt() {
        sender = sender(options -> options.httpClient(client -> client.responseTimeout(Duration.ofMillis(100))));
        server.then(Behaviour.hang());
        StepVerifier.create(sender.send(TextPayload.of("{}")))
                .verifyErrorSatisfies(failure -> assertThat(RetryingSender.isRetryable(failure))
                        .as("%s", failure)
                        .isTrue());
    }

    @Test
    void send_aTimeoutBeyondAllNumbers_isNone() {
        Duration forever = ChronoUnit.FOREVER.getDuration();
        sender = sender(options -> options.timeout(forever).maxIdleTime(forever));
        assertThat(send(TextPayload.of("{}")).status()).isEqualTo(200);
    }

    @Test
    void send_connectionRefused_isAnIoError_andTheBodyIsNeverBegun() {
        ReactorNettySender nobody = ReactorNettySender.builder("http://localhost:" + LoopbackServer.unusedPort() + "/")
                .build();
        TextPayload payload = TextPayload.of("{}");
        assertThatThrownBy(() -> nobody.send(payload).block(LONG)).hasCauseInstanceOf(IOException.class);
        assertThat(payload.begun).hasValue(0);
        nobody.close().block(LONG);
    }

    @ParameterizedTest
    @CsvSource({"NONE, 0", "NONE, 1", "NONE, 20", "NONE, 150", "GZIP, 0", "GZIP, 20", "ZSTD, 0", "ZSTD, 20"})
    void send_aBodyThatCannotBeWritten_isRefused_andTheNextRequestIsFine(Compression compression, int failAt) {
        sender = sender(options -> options.compression(compression));
        TextPayload payload =
                TextPayload.repeated("0123456789".repeat(1_000), 200).failingAt(failAt);
        assertThatThrownBy(() -> send(payload))
                .hasRootCauseInstanceOf(IllegalStateException.class)
                .satisfies(thrown -> assertThat(thrown.getCause() == null ? thrown : thrown.getCause())
                        .isInstanceOfAny(UnwritableBodyException.class, IllegalStateException.class));
        assertThat(send(TextPayload.of("{}")).status()).isEqualTo(200);
    }

    static Stream<Error> errors() {
        return Stream.of(new StackOverflowError(), new NoClassDefFoundError("x/Y"), new AssertionError("bug"));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void send_aBodyThatFailsWithAnError_isRefusedAtOnce(Error error) {
        for (boolean atOnce : new boolean[] {true, false}) {
            StepVerifier.create(sender.send(new Failing(error, atOnce)))
                    .expectErrorMatches(
                            failure -> failure instanceof UnwritableBodyException && failure.getCause() == error)
                    .verify(LONG.dividedBy(2));
        }
    }

    private record Failing(Error error, boolean atOnce) implements Payload {
        @Override
        public String contentType() {
            return "application/json";
        }

        @Override
        public Writing begin(OutputStream out) {
            if (atOnce) {
                throw error;
            }
            return () -> {
                throw error;
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void send_cancelled_leavesNothingBehind(Compression compression) throws ReflectiveOperationException {
        sender = sender(options -> options.compression(compression));
        server.otherwise(Behaviour.okAfter(50));
        TextPayload payload = TextPayload.repeated(noise(), 10);
        for (int i = 0; i < 20; i++) {
            // Cancelling closes a connection, which the next attempt may just have been given: that is for a retry.
            sender.send(payload)
                    .take(Duration.ofMillis(i * 3L))
                    .onErrorComplete(IOException.class)
                    .block(LONG);
        }
        server.otherwise(Behaviour.ok());
        Response response = sender.send(TextPayload.of("{}")).retry(1).block(LONG);
        assertThat(response.status()).isEqualTo(200);
        if (compression == Compression.ZSTD) {
            assertThat(payload.streams).isNotEmpty();
            awaitFreed(payload.streams);
        }
    }

    /** The event loop may still be about to. */
    private static void awaitFreed(Iterable<OutputStream> streams) throws ReflectiveOperationException {
        Field closed = ZstdOutputStreamNoFinalizer.class.getDeclaredField("isClosed");
        closed.setAccessible(true);
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        for (OutputStream stream : streams) {
            while (!isSet(closed, stream)) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.onSpinWait();
            }
        }
    }

    private static boolean isSet(Field closed, OutputStream zstd) throws IllegalAccessException {
        synchronized (zstd) {
            return closed.getBoolean(zstd);
        }
    }

    @Test
    void send_fromANonBlockingThread_doesNotBlockIt() {
        // The guard that watches every test fails this one otherwise.
        Response response = Mono.defer(() -> sender.send(TextPayload.of("{}")))
                .subscribeOn(Schedulers.parallel())
                .block(LONG);
        assertThat(response.status()).isEqualTo(200);
    }

    // ---- connections ---------------------------------------------------------------------------------------------

    @Test
    void send_aConnectionIdleBeyondItsTime_isNotUsedAgain() throws InterruptedException {
        sender = sender(options -> options.maxIdleTime(Duration.ofMillis(1)));
        for (int i = 0; i < 5; i++) {
            send(TextPayload.of("{}"));
            server.closeConnections();
            // A server that closed is told apart from one that is about to by nothing but time.
            Mono.delay(Duration.ofMillis(5)).block(LONG);
        }
        assertThat(server.requests()).hasSize(5);
    }

    @Test
    void close_endsConnectionsAndThread_andTheNextSendOpensThemAnew() throws InterruptedException {
        for (int round = 1; round <= 3; round++) {
            assertThat(send(TextPayload.of("{}")).status()).isEqualTo(200);
            sender.close().block(LONG);
            assertThat(server.connectionCount()).isEqualTo(round);
        }
        assertNothingIsLeftOpen();
    }

    @Test
    void close_ofWhichNobodyWaitsForTheEnd_endsConnectionsAndThreadAllTheSame() {
        for (int round = 1; round <= 10; round++) {
            send(TextPayload.of("{}"));
            sender.close().subscribe().dispose();
        }
        assertNothingIsLeftOpen();
    }

    /** reactor-netty caches by event loop what it resolves names with, for good. */
    @Test
    void close_leavesNothingInReactorNettysCache() throws Exception {
        send(TextPayload.of("{}"));
        Class<?> config = Class.forName("reactor.netty.transport.ClientTransportConfig");
        Field field = config.getDeclaredField("RESOLVERS_CACHE");
        field.setAccessible(true);
        Map<?, ?> cache = (Map<?, ?>) field.get(null);
        int before = cache.size();
        for (int round = 0; round < 5; round++) {
            sender.close().block(LONG);
            send(TextPayload.of("{}"));
        }

        assertThat(cache).hasSize(before);
    }

    private void assertNothingIsLeftOpen() {
        for (int i = 0; i < 300 && (server.openConnections() > 0 || threads.count() > 0); i++) {
            Mono.delay(Duration.ofMillis(20)).block(LONG);
        }
        assertThat(server.openConnections()).isZero();
        assertThat(threads.count()).isZero();
    }

    @Test
    void close_withoutUse_andTwice_isHarmless() {
        sender.close().block(LONG);
        sender.close().block(LONG);
    }

    @Test
    void send_severalAtOnce_takeTurnsOnOneConnection() {
        server.otherwise(Behaviour.okAfter(50));
        Mono.when(Stream.generate(() -> sender.send(TextPayload.of("{}")))
                        .limit(6)
                        .toList())
                .block(LONG);
        assertThat(server.requests()).hasSize(6);
        assertThat(server.connectionCount()).isEqualTo(1);
    }

    @Test
    void httpClient_hasTheLastWord() {
        sender = sender(
                options -> options.httpClient(client -> client.headers(headers -> headers.set("x-last", "word"))));
        send(TextPayload.of("{}"));
        assertThat(server.requests().get(0).header("x-last")).isEqualTo("word");
    }

    // ---- TLS -----------------------------------------------------------------------------------------------------

    @Test
    void send_tls_trustsWhatItIsToldTo_andNothingElse() {
        try (LoopbackServer secure = LoopbackServer.start(localhost.serverSockets(null), "https");
                LoopbackServer misnamed = LoopbackServer.start(elsewhere.serverSockets(null), "https")) {
            assertThat(once(secure, options -> options.certificate(localhost.certificate()))
                            .status())
                    .isEqualTo(200);
            assertThatThrownBy(() -> once(secure, options -> options)).hasCauseInstanceOf(SSLException.class);
            assertThatThrownBy(() -> once(misnamed, options -> options.certificate(elsewhere.certificate())))
                    .hasCauseInstanceOf(SSLException.class);
        }
    }

    @Test
    void send_mutualTls_showsItsCertificate() {
        try (LoopbackServer secure = LoopbackServer.start(localhost.serverSockets(elsewhere), "https")) {
            assertThat(once(
                                    secure,
                                    options -> options.certificate(localhost.certificate())
                                            .clientCertificate(elsewhere.certificate(), elsewhere.key()))
                            .status())
                    .isEqualTo(200);
            assertThatThrownBy(() -> once(secure, options -> options.certificate(localhost.certificate())))
                    .isInstanceOf(Exception.class);
            assertThat(secure.requests()).hasSize(1);
        }
    }

    private static Response once(LoopbackServer server, UnaryOperator<ReactorNettySender.Builder> options) {
        ReactorNettySender sender =
                options.apply(ReactorNettySender.builder(server.url("/"))).build();
        try {
            return sender.send(TextPayload.of("{}")).block(LONG);
        } finally {
            sender.close().block(LONG);
        }
    }

    // ---- configuration -------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"", "localhost:4318", "ftp://localhost", "http://", "http:///path", "not a url", "https:"})
    void builder_refusesWhatIsNoUrl(String endpoint) {
        assertThatThrownBy(() -> ReactorNettySender.builder(endpoint))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("endpoint")
                .hasMessageContaining(endpoint);
    }

    @Test
    void builder_refusesCredentialsInTheUrl_withoutRepeatingThem() {
        for (String url : List.of(
                "http://me:hunter2@localhost/",
                "htp://me:hunter2@localhost/",
                "http://me:hunter2@a b/",
                "http://me:hun^hunter2@localhost/",
                "http://me:hun/hunter2 x@localhost/",
                "http://me:hun@hunter2 x@localhost/",
                "me:hunter2@localhost:4318",
                "https://a b/?key=hunter2")) {
            assertThatThrownBy(() -> ReactorNettySender.builder(url))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("endpoint")
                    .hasNoCause()
                    .message()
                    .doesNotContain("hunter2");
        }
    }

    @Test
    void builder_refusesHeadersThatHttpDoesNotAllow_withoutRepeatingTheValue() {
        ReactorNettySender.Builder builder = ReactorNettySender.builder("http://localhost/");
        Map<String, String> bad = Map.of(
                "",
                "v",
                "with space",
                "v",
                "colon:",
                "v",
                "new\nline",
                "v",
                "x-injected",
                "secret\r\nevil: 1",
                "x-null",
                "secret\u0000",
                "x-unicode",
                "secret\u20ac",
                "Content-Length",
                "5",
                "host",
                "evil",
                "umlautä",
                "v");
        bad.forEach((name, value) -> assertThatThrownBy(() -> builder.header(name, value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("header")
                .message()
                .doesNotContain("secret"));
        assertThatThrownBy(() -> builder.header("x", null)).hasMessage("header value == null");
        assertThatThrownBy(() -> builder.header(null, "x")).hasMessage("header name == null");
    }

    @Test
    void builder_refusesTimesAndFilesThatMakeNoSense(@TempDir Path folder) throws IOException {
        ReactorNettySender.Builder builder = ReactorNettySender.builder("https://localhost/");
        assertThatThrownBy(() -> builder.timeout(Duration.ZERO)).hasMessage("timeout is not positive: PT0S");
        assertThatThrownBy(() -> builder.maxIdleTime(Duration.ofSeconds(-1)))
                .hasMessage("maxIdleTime is not positive: PT-1S");
        Path missing = folder.resolve("missing.pem");
        Path garbage = Files.writeString(folder.resolve("garbage.pem"), "no certificate");
        assertThatThrownBy(() -> ReactorNettySender.builder("https://localhost/")
                        .certificate(missing)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("certificate cannot be read: " + missing);
        assertThatThrownBy(() -> ReactorNettySender.builder("https://localhost/")
                        .certificate(garbage)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("certificate")
                .hasMessageContaining(garbage.toString());
        assertThatThrownBy(() -> ReactorNettySender.builder("https://localhost/")
                        .clientCertificate(garbage, missing)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("clientKey cannot be read: " + missing);
        assertThatThrownBy(() -> ReactorNettySender.builder("http://localhost/")
                        .certificate(garbage)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not https");
    }

    @Test
    void toStringAndTarget_keepSecretsToThemselves() {
        ReactorNettySender secret = ReactorNettySender.builder("https://example.test:8443/v1/traces?key=hunter2")
                .header("authorization", "Bearer hunter2")
                .build();
        assertThat(secret.target()).isEqualTo("https://example.test:8443/v1/traces");
        assertThat(secret.toString()).contains("authorization").doesNotContain("hunter2");
    }

    // ---- the detector itself -------------------------------------------------------------------------------------

    @Test
    void leakDetector_isAwake() {
        LeakPresenceDetector.check();
        ByteBuf forgotten = ByteBufAllocator.DEFAULT.buffer();
        assertThatThrownBy(LeakPresenceDetector::check).isInstanceOf(IllegalStateException.class);
        // What was reported counts as gone; releasing it now would make the next count negative.
        assertThat(forgotten.refCnt()).isEqualTo(1);
        LeakPresenceDetector.check();
    }
}
