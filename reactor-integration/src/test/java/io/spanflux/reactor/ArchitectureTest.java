// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

/** What the operator and its bindings may rest on. */
class ArchitectureTest {
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(
                    "io.spanflux.reactor", "io.spanflux.spring", "io.spanflux.thread", "io.spanflux.opentelemetry");

    @Test
    void operator_restsOnTheSdkAndReactorOnly() {
        assertThat(MAIN).isNotEmpty();
        classes()
                .that()
                .resideInAPackage("io.spanflux.reactor")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.spanflux",
                        "io.spanflux.reactor",
                        "io.spanflux.trace",
                        "io.spanflux.genai",
                        "io.spanflux.diagnostics",
                        "java..",
                        "org.jspecify.annotations..",
                        "org.slf4j..",
                        "org.reactivestreams..",
                        "reactor.core..",
                        "reactor.util.context.."))
                .check(MAIN);
    }

    @Test
    void spring_isKnownToItsPackageOnly() {
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.spring.."))
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "org.springframework..",
                        "io.micrometer.core..",
                        "io.micrometer.observation..",
                        "io.micrometer.tracing.."))
                .check(MAIN);
        classes()
                .that()
                .resideInAPackage("io.spanflux.spring..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.spanflux..",
                        "java..",
                        "org.jspecify.annotations..",
                        "org.slf4j..",
                        "org.springframework..",
                        "org.aopalliance.intercept..",
                        "io.micrometer.core.instrument..",
                        "io.micrometer.observation..",
                        "io.micrometer.tracing..",
                        "tools.jackson.databind..",
                        "org.reactivestreams..",
                        "reactor.core..",
                        "reactor.util.context.."))
                .check(MAIN);
    }

    @Test
    void metersOfMicrometer_areNamedByTheAutoConfigurationOnly() {
        noClasses()
                .that()
                .haveNameNotMatching("io\\.spanflux\\.spring\\.SpanfluxAutoConfiguration\\$MicrometerConfiguration")
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.micrometer.core.."))
                .check(MAIN);
    }

    @Test
    void threadLocals_areThoseOfOnePackage_whichIsAskedForOnly() {
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.thread"))
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ThreadLocal.class)
                .orShould()
                .dependOnClassesThat(resideInAnyPackage("io.micrometer.context.."))
                .check(MAIN);
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.thread", "io.spanflux.spring.."))
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.spanflux.thread"))
                .check(MAIN);
        classes()
                .that()
                .resideInAPackage("io.spanflux.thread")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.spanflux.thread",
                        "io.spanflux.trace",
                        "java..",
                        "org.jspecify.annotations..",
                        "org.slf4j..",
                        "io.micrometer.context.."))
                .check(MAIN);
    }

    @Test
    void openTelemetry_isKnownToItsPackageOnly() {
        noClasses()
                .that(resideOutsideOfPackages("io.spanflux.opentelemetry"))
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.opentelemetry..", "io.spanflux.opentelemetry"))
                .check(MAIN);
        classes()
                .that()
                .resideInAPackage("io.spanflux.opentelemetry")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.spanflux.opentelemetry",
                        "io.spanflux.trace",
                        "io.spanflux.encode",
                        "io.spanflux.export",
                        "io.spanflux.config",
                        "java..",
                        "org.jspecify.annotations..",
                        "io.opentelemetry.api..",
                        "io.opentelemetry.context..",
                        "io.opentelemetry.sdk..",
                        "reactor.core..",
                        "reactor.util.context.."))
                .check(MAIN);
    }

    @Test
    void nothing_hooksIn_orBlocks() {
        noClasses()
                .should()
                .callMethodWhere(JavaCall.Predicates.target(HasName.Predicates.nameMatching(
                        "block|blockOptional|blockFirst|blockLast|toIterable|toStream|onEachOperator|onLastOperator"
                                + "|enableAutomaticContextPropagation|onOperatorDebug")))
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .check(MAIN);
    }

    @Test
    void packages_sayWhatMayBeNull() {
        assertThat(MAIN.getPackage("io.spanflux.reactor").isAnnotatedWith(NullMarked.class))
                .isTrue();
        assertThat(MAIN.getPackage("io.spanflux.spring").isAnnotatedWith(NullMarked.class))
                .isTrue();
        assertThat(MAIN.getPackage("io.spanflux.thread").isAnnotatedWith(NullMarked.class))
                .isTrue();
        assertThat(MAIN.getPackage("io.spanflux.opentelemetry").isAnnotatedWith(NullMarked.class))
                .isTrue();
        assertThat(MAIN.getPackage("io.spanflux.spring.annotation").isAnnotatedWith(NullMarked.class))
                .isTrue();
        assertThat(MAIN.getPackage("io.spanflux.spring.models").isAnnotatedWith(NullMarked.class))
                .isTrue();
    }
}
