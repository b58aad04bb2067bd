// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Exchange;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A collector of OTLP JSON in a JVM of its own, so that it shares neither memory nor numbers with those who send. It counts
 * the spans it confirmed, by their ids, which no ledger of ours has a hand in.
 *
 * <p>Threads: one at a time.
 */
public final class ReceiverProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final PrintStream commands;
    private final int port;

    private ReceiverProcess(Process process) {
        this.process = process;
        this.answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        this.commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        this.port = Integer.parseInt(answer().trim());
    }

    /** A healthy one, which takes so long for each request. */
    public static ReceiverProcess start(long millisPerRequest) {
        try {
            return new ReceiverProcess(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx512m",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Receiver.class.getName(),
                            String.valueOf(millisPerRequest))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The URL of {@code path}. */
    public String url(String path) {
        return "http://localhost:" + port + path;
    }

    /** What it confirmed so far. */
    public Counts counts() {
        String[] words = ask("counts").split("\t");
        Map<String, Long> names = new TreeMap<>();
        for (int i = 3; i < words.length; i += 2) {
            names.put(words[i], Long.parseLong(words[i + 1]));
        }
        return new Counts(Long.parseLong(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2]), names);
    }

    /**
     * Confirmed spans.
     *
     * @param distinct by their ids
     * @param twice how many came again after they had been confirmed
     * @param refused how many requests were answered otherwise, or not at all
     * @param names distinct spans by name
     */
    public record Counts(long distinct, long twice, long refused, Map<String, Long> names) {}

    /** From now on about every second request fails: 503, 429, a reset, an answer cut off; bodies above 64 KiB get 413. */
    public void fail() {
        ask("fail");
    }

    /** From now on no request fails. */
    public void heal() {
        ask("heal");
    }

    /** Refuses connections until it is {@link #up}. */
    public void down() {
        ask("down");
    }

    /** Listens again, at the same port. */
    public void up() {
        ask("up");
    }

    private String ask(String command) {
        commands.println(command);
        return answer();
    }

    private String answer() {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new AssertionError("the receiver has ended");
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** The other JVM. Ends with the stream of commands, so also with the process that began it. */
    static final class Receiver {
        private final Map<String, Set<Long>> confirmed = new HashMap<>();
        private final Random random = new Random(42);
        private final long millisPerRequest;
        private long distinct;
        private long twice;
        private long refused;
        private boolean failing;

        private Receiver(long millisPerRequest) {
            this.millisPerRequest = millisPerRequest;
        }

        public static void main(String[] arguments) throws IOException {
            Receiver receiver = new Receiver(Long.parseLong(arguments[0]));
            boolean listening = true;
            LoopbackServer server = LoopbackServer.start().forgetful().otherwise(receiver::respond);
            int port = server.port();
            System.out.println(port);
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String command = commands.readLine(); command != null; command = commands.readLine()) {
                switch (command) {
                    case "counts" -> System.out.println(receiver.counts());
                    case "down" -> {
                        server.close();
                        listening = false;
                        System.out.println("down");
                    }
                    case "up" -> {
                        if (!listening) {
                            server = receiver.listenAgain(port);
                            listening = true;
                        }
                        System.out.println("up");
                    }
                    default -> System.out.println(receiver.failing(command.equals("fail")));
                }
            }
            server.close();
        }

        /** Whoever connects somewhere may have been lent the port for as long as nobody listened. */
        private LoopbackServer listenAgain(int port) {
            for (int attempt = 1; ; attempt++) {
                try {
                    return LoopbackServer.startAt(port).forgetful().otherwise(this::respond);
                } catch (UncheckedIOException e) {
                    if (attempt == 100) {
                        throw e;
                    }
                    LockSupport.parkNanos(100_000_000);
                }
            }
        }

        private synchronized String failing(boolean failing) {
            this.failing = failing;
            return failing ? "failing" : "healthy";
        }

        private synchronized String counts() {
            StringBuilder line = new StringBuilder(distinct + "\t" + twice + "\t" + refused);
            confirmed.forEach(
                    (name, ids) -> line.append('\t').append(name).append('\t').append(ids.size()));
            return line.toString();
        }

        private void respond(Exchange exchange) throws IOException, InterruptedException {
            exchange.pause(millisPerRequest);
            Behaviour fault = fault(exchange);
            if (fault != null) {
                fault.respond(exchange);
                return;
            }
            // Before the answer, which the other side may count before this thread runs again.
            confirm(exchange.request().body());
            exchange.answer(200, "{}");
        }

        private synchronized Behaviour fault(Exchange exchange) {
            Behaviour fault = failing ? fault(exchange.request().body().length) : null;
            if (fault != null) {
                refused++;
            }
            return fault;
        }

        private Behaviour fault(int bytes) {
            if (bytes > 64 * 1024 && random.nextInt(4) == 0) {
                return Behaviour.status(413, "");
            }
            return switch (random.nextInt(12)) {
                case 0, 1 -> Behaviour.status(503, "");
                case 2 -> Behaviour.status(429, "", "Retry-After: 1");
                case 3 -> Behaviour.reset();
                case 4 -> Behaviour.close();
                case 5 -> Behaviour.resetMidBody();
                default -> null;
            };
        }

        private synchronized void confirm(byte[] body) {
            for (JsonNode resource : JsonMapper.shared().readTree(body).path("resourceSpans")) {
                for (JsonNode scope : resource.path("scopeSpans")) {
                    for (JsonNode span : scope.path("spans")) {
                        long id = Long.parseUnsignedLong(span.get("spanId").asString(), 16);
                        Set<Long> ids =
                                confirmed.computeIfAbsent(span.get("name").asString(), name -> new HashSet<>());
                        if (ids.add(id)) {
                            distinct++;
                        } else {
                            twice++;
                        }
                    }
                }
            }
        }
    }
}
