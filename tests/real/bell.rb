# A person's note on an issue, in a process that has our plugin.   bell.rb ISSUE
issue = Issue.find(ARGV.fetch(0))
issue.init_journal(User.find_by_login('agent1'), 'it rings')
issue.save!
(Thread.list - [Thread.current]).each { |one| one.join(5) }
puts 'MADE'
