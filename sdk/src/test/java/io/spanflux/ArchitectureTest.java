// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

/** The package list, read top to bottom, is the architecture; this keeps it true. */
class ArchitectureTest {
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/test-classes/"))
            .importPackages("io.spanflux");

    /** Which packages of ours a package may use. */
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            Map.entry("diagnostics", Set.of()),
            Map.entry("config", Set.of()),
            Map.entry("crac", Set.of()),
            Map.entry("redaction", Set.of("diagnostics")),
            Map.entry("trace", Set.of("diagnostics")),
            Map.entry("genai", Set.of("trace", "redaction", "diagnostics")),
            Map.entry("pricing", Set.of("trace", "genai", "diagnostics")),
            Map.entry("propagation", Set.of("trace")),
            Map.entry("sampling", Set.of("trace", "genai", "diagnostics")),
            Map.entry("encode", Set.of("trace", "genai", "config")),
            Map.entry("transport", Set.of("diagnostics")),
            Map.entry("spool", Set.of("transport", "diagnostics")),
            Map.entry("export", Set.of("trace", "encode", "transport", "spool", "config", "diagnostics")),
            Map.entry(
                    "wire.openai", Set.of("trace", "genai", "encode", "transport", "export", "config", "diagnostics")),
            Map.entry("pipeline", Set.of("trace", "export", "diagnostics")),
            Map.entry("events", Set.of("trace", "genai", "export", "pipeline", "config", "diagnostics")),
            Map.entry("metrics", Set.of("trace", "genai", "encode", "export", "config", "diagnostics")),
            Map.entry("metrics.micrometer", Set.of("trace", "metrics")),
            Map.entry(
                    "wire.tracentic",
                    Set.of("trace", "genai", "propagation", "encode", "transport", "export", "config", "diagnostics")),
            Map.entry("wire.spect", Set.of("trace", "genai", "encode", "export", "transport", "config", "diagnostics")),
            // Not only an exporter but a set-up of all that is sent there, and so above everything.
            Map.entry(
                    "wire.coralogix",
                    Set.of(
                            "(the root)",
                            "trace",
                            "genai",
                            "encode",
                            "transport",
                            "export",
                            "pipeline",
                            "metrics",
                            "config")),
            Map.entry("testing", Set.of("trace", "genai", "export")));

    /** Those that hold classes: {@code wire} is only the beginning of a name. */
    private static List<JavaPackage> subpackages() {
        return MAIN.getPackage("io.spanflux").getSubpackagesInTree().stream()
                .filter(each -> !each.getClasses().isEmpty())
                .toList();
    }

    @Test
    void packages_useOnlyThoseBelowThem() {
        Map<String, String> wrong = new TreeMap<>();
        for (JavaPackage each : subpackages()) {
            String name = each.getName().substring("io.spanflux.".length());
            assertThat(MAY_USE).as("a new package needs its place in the order").containsKey(name);
            each.getClassDependenciesFromThisPackage().forEach(dependency -> {
                String target = dependency.getTargetClass().getPackageName();
                if (target.startsWith("io.spanflux")) {
                    String used =
                            target.equals("io.spanflux") ? "(the root)" : target.substring("io.spanflux.".length());
                    if (!MAY_USE.get(name).contains(used)) {
                        wrong.put(name + " -> " + used, dependency.getDescription());
                    }
                }
            });
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void packages_areFreeOfCycles() {
        slices().matching("io.spanflux.(*)..").should().beFreeOfCycles().check(MAIN);
    }

    @Test
    void libraries_areImportedByTheirPackageOnly() {
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.transport"))
                .should()
                .dependOnClassesThat(resideInAnyPackage("reactor.netty..", "io.netty.."))
                .check(MAIN);
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.pipeline"))
                .should()
                .dependOnClassesThat()
                .haveNameMatching("reactor\\.core\\.publisher\\.Sinks.*")
                .check(MAIN);
        noClasses()
                .that(resideOutsideOfPackages(
                        "io.spanflux.redaction",
                        "io.spanflux.genai",
                        "io.spanflux.pricing",
                        "io.spanflux.encode",
                        "io.spanflux.export",
                        "io.spanflux.wire.."))
                .should()
                .dependOnClassesThat(resideInAnyPackage("tools.jackson.."))
                .check(MAIN);
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.metrics.micrometer"))
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.micrometer.."))
                .check(MAIN);
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.crac"))
                .should()
                .dependOnClassesThat(resideInAnyPackage("org.crac.."))
                .check(MAIN);
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("io.spanflux.transport.ZstdCompressor")
                .should()
                .dependOnClassesThat(resideInAnyPackage("com.github.luben.."))
                .check(MAIN);
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.spanflux..",
                        "java..",
                        "javax.net.ssl..",
                        "org.jspecify.annotations..",
                        "org.slf4j..",
                        "org.reactivestreams..",
                        "reactor..",
                        "io.netty..",
                        "io.micrometer.core..",
                        "org.crac..",
                        "com.github.luben.zstd..",
                        "tools.jackson.."))
                .check(MAIN);
    }

    @Test
    void nothing_isBoundToAThread_orBlocks() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ThreadLocal.class)
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching("java\\.util\\.concurrent\\.(ThreadLocalRandom|locks\\..*)")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("reactor.core.publisher.Hooks")
                .orShould()
                .callMethodWhere(JavaCall.Predicates.target(HasName.Predicates.nameMatching(
                        "block|blockOptional|blockFirst|blockLast|toIterable|toStream")))
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callMethod(Object.class, "wait")
                .check(MAIN);
        methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED).check(MAIN);
    }

    @Test
    void onlyTheAwaitMethods_waitForAFuture() {
        noClasses()
                .that(are(DescribedPredicate.not(JavaClass.Predicates.equivalentTo(Spanflux.class))))
                // Uses channels of Netty as they are, whose every operation returns one. It listens to them.
                .and()
                .haveNameNotMatching("io\\.spanflux\\.transport\\.Rehearsal(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Future.class)
                .check(MAIN);
    }

    @Test
    void nothing_printsOrLogsByOtherMeans() {
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.export", "io.spanflux"))
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .dependOnClassesThat(resideInAnyPackage("java.util.logging.."))
                .check(MAIN);
        noClasses().should().callMethod(Throwable.class, "printStackTrace").check(MAIN);
    }

    @Test
    void packages_sayWhatMayBeNull() {
        for (JavaPackage each : subpackages()) {
            assertThat(each.isAnnotatedWith(NullMarked.class))
                    .as(each.getName())
                    .isTrue();
        }
        assertThat(MAIN.getPackage("io.spanflux").isAnnotatedWith(NullMarked.class))
                .isTrue();
    }

    @Test
    void names_areTheFieldsOwn() {
        noClasses().should().haveNameMatching(".*(Manager|Helper|Utils?|Impl)$").check(MAIN);
    }
}
