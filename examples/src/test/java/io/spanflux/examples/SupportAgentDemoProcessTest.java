// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** The demo as a process: nothing but its own words on stdout, nothing on stderr, and an end. */
@Timeout(60)
class SupportAgentDemoProcessTest {
    @Test
    void main_endsByItselfWithExitCodeZero(@TempDir Path directory) throws IOException, InterruptedException {
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        Process process =
                demo().redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        try {
            assertThat(process.waitFor(40, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(Files.readString(err)).isEmpty();
        assertThat(process.exitValue()).isZero();
        List<String> lines = Files.readAllLines(out, StandardCharsets.UTF_8);
        assertThat(lines).startsWith("A support agent on Project Reactor, traced by Spanflux.");
        assertThat(lines).endsWith("spans: accepted 15 = sent 15 + rejected 0 + dropped 0 + spooled 0 + pending 0");
    }

    private static ProcessBuilder demo() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-classpath");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(SupportAgentDemo.class.getName());
        ProcessBuilder process = new ProcessBuilder(command);
        // Whatever this machine is configured for is not what is tested here.
        process.environment().keySet().removeIf(name -> name.startsWith("OTEL_") || name.startsWith("OPENAI_"));
        process.environment().remove("JAVA_TOOL_OPTIONS");
        return process;
    }
}
