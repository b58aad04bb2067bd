// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** A server on loopback that reads bodies, forgets them, and answers as a collector does. */
public final class Collector implements AutoCloseable {
    private final AtomicLong bytes = new AtomicLong();
    private final DisposableServer server;

    /** Tells {@code received} the {@code System.nanoTime()} of the last byte of each body. */
    public Collector(LongConsumer received) {
        server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> request.receive()
                        .doOnNext(piece -> bytes.addAndGet(piece.readableBytes()))
                        .then(Mono.defer(() -> {
                            received.accept(System.nanoTime());
                            boolean json = "application/json"
                                    .equals(request.requestHeaders().get("content-type"));
                            // An empty message of protobuf has no bytes.
                            return response.header(
                                            "content-type",
                                            request.requestHeaders().get("content-type"))
                                    .sendString(Mono.just(json ? "{}" : ""))
                                    .then();
                        })))
                .bindNow();
    }

    /** The URL of its traces. */
    public String endpoint() {
        return "http://127.0.0.1:" + server.port() + "/v1/traces";
    }

    @Override
    public void close() {
        server.disposeNow();
    }

    /** A collector in a process of its own, so that its processor time is not counted. */
    public static final class Remote implements AutoCloseable {
        private final Process process;
        private final BufferedReader answers;
        private final String endpoint;

        /** Starts it. */
        public Remote() throws IOException {
            process = new ProcessBuilder(java(List.of(Collector.class.getName())))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            endpoint = answers.readLine();
        }

        /** The URL of its traces. */
        public String endpoint() {
            return endpoint;
        }

        /** How many bytes of bodies have arrived. */
        public long bytes() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            return Long.parseLong(answers.readLine());
        }

        @Override
        public void close() throws IOException {
            process.getOutputStream().close();
            try {
                if (!process.waitFor(5, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The command for a JVM like this one. */
    public static List<String> java(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(arguments);
        return command;
    }

    /** Prints the endpoint, then the bytes for each line read, and ends with its input. */
    public static void main(String[] arguments) throws IOException {
        try (Collector collector = new Collector(nanoTime -> {})) {
            System.out.println(collector.endpoint());
            for (int asked = System.in.read(); asked >= 0; asked = System.in.read()) {
                System.out.println(collector.bytes.get());
            }
        }
    }
}
