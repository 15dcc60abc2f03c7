# Bundler of libruby3.1 3.1.7 (Debian's security update of bookworm) takes a gem without a folder of
# its own for deleted, and Debian's packages have none: without this no bundle is found, and the
# package itself cannot be configured. Debian's own bundler before it asked no such thing.
if defined?(Gem::Specification)
  Gem::Specification.prepend(Module.new { def deleted_gem? = false })
end
